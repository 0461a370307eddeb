/** The filters of the list. Their state is in the URL alone. */
import { Button, Group, Pill, Select, TagsInput, TextInput } from "@mantine/core";
import { useDebouncedCallback } from "@mantine/hooks";
import { IconSearch, IconX } from "@tabler/icons-react";
import { memo, type ReactElement, type Ref, useState } from "react";
import { useSuggestions } from "@/hooks/useSuggestions";
import { isFiltered, SORTS, type TasksSearch } from "@/lib/tasksSearch";
import classes from "./FilterBar.module.css";
import { TimeFilter } from "./TimeFilter";

const TYPING_MS = 250;

interface Props {
  readonly search: TasksSearch;
  readonly searchBox: Ref<HTMLInputElement>;
  /** `isTyping` replaces the address rather than adding to the history. */
  readonly onChange: (changes: Partial<TasksSearch>, isTyping?: boolean) => void;
  readonly onClear: () => void;
}

/** Memoised: a change of the rows does not render it. */
export const FilterBar = memo(function FilterBar({ search, searchBox, onChange, onClear }: Props): ReactElement {
  const [isNaming, setNaming] = useState(false);
  const { kinds, queues, paused } = useSuggestions(isNaming);
  return (
    <Group className={classes["bar"] ?? ""} gap={8} role="search" aria-label="Filter tasks">
      <SearchBox value={search.q ?? ""} box={searchBox} onChange={(q) => onChange({ q: q || undefined }, true)} />
      <Names
        label="Kind"
        known={kinds}
        value={search.kind}
        onOpen={setNaming}
        onChange={(kind) => onChange({ kind })}
      />
      <Names
        label="Queue"
        known={queues}
        paused={paused}
        value={search.queue}
        onOpen={setNaming}
        onChange={(queue) => onChange({ queue })}
      />
      <TimeFilter search={search} onChange={onChange} />
      <Select
        size="xs"
        w={150}
        aria-label="Order"
        allowDeselect={false}
        data={Object.entries(SORTS).map(([value, { label }]) => ({ value, label }))}
        value={search.sort ?? "newest"}
        onChange={(sort) => onChange({ sort: sort === "newest" ? undefined : (sort as TasksSearch["sort"]) })}
      />
      {isFiltered(search) && (
        <Button size="xs" variant="subtle" color="gray" leftSection={<IconX size={13} aria-hidden />} onClick={onClear}>
          Clear
        </Button>
      )}
    </Group>
  );
});

interface SearchBoxProps {
  readonly value: string;
  readonly box: Ref<HTMLInputElement>;
  readonly onChange: (value: string) => void;
}

function SearchBox({ value, box, onChange }: SearchBoxProps): ReactElement {
  const [typed, setTyped] = useState(value);
  const [applied, setApplied] = useState(value);
  if (value !== applied) {
    setApplied(value);
    if (value !== typed.trim()) setTyped(value);
  }
  const apply = useDebouncedCallback((next: string) => onChange(next.trim()), TYPING_MS);
  return (
    <TextInput
      ref={box}
      size="xs"
      className={classes["search"] ?? ""}
      type="search"
      aria-label="Search titles, or an id"
      placeholder="Search titles, or paste an id"
      leftSection={<IconSearch size={14} aria-hidden />}
      rightSection={<kbd className={classes["key"]}>/</kbd>}
      value={typed}
      onChange={(event) => {
        setTyped(event.currentTarget.value);
        apply(event.currentTarget.value);
      }}
      onKeyDown={(event) => {
        if (event.key === "Escape") event.currentTarget.blur();
      }}
    />
  );
}

interface NamesProps {
  readonly label: string;
  readonly known: readonly string[];
  /** Those of them that are paused. */
  readonly paused?: readonly string[];
  readonly value: readonly string[] | undefined;
  readonly onOpen: (isOpen: boolean) => void;
  readonly onChange: (value: readonly string[] | undefined) => void;
}

function Names({ label, known, paused = [], value, onOpen, onChange }: NamesProps): ReactElement {
  return (
    <TagsInput
      size="xs"
      className={classes["names"] ?? ""}
      aria-label={label}
      placeholder={value ? "" : `Any ${label.toLowerCase()}`}
      data={[...known]}
      value={[...(value ?? [])]}
      onChange={(names) => onChange(names.length > 0 ? names : undefined)}
      acceptValueOnBlur={false}
      renderOption={({ option: { value: name } }) => (
        <>
          {name} {paused.includes(name) && <span className={classes["paused"]}>paused</span>}
        </>
      )}
      onDropdownOpen={() => onOpen(true)}
      onDropdownClose={() => onOpen(false)}
      renderPill={({ value: name, onRemove }) => (
        <Pill
          withRemoveButton
          onRemove={() => onRemove?.()}
          // By keyboard, Backspace removes it.
          removeButtonProps={{ "aria-label": `Remove the ${label.toLowerCase()} ${name}`, "aria-hidden": false }}
        >
          {name}
        </Pill>
      )}
      comboboxProps={{ shadow: "md" }}
    />
  );
}
