/** The filter by creation: a span that ends now, or two instants. */
import { ActionIcon, Button, Group, Popover, Stack, TextInput, Tooltip } from "@mantine/core";
import { IconCalendar, IconChevronDown, IconX } from "@tabler/icons-react";
import { type ReactElement, useState } from "react";
import { RANGES, type TasksSearch, type TimeRange } from "@/lib/tasksSearch";

type TimeSearch = Pick<TasksSearch, "range" | "from" | "to">;

interface Props {
  readonly search: TimeSearch;
  readonly onChange: (changes: TimeSearch) => void;
}

export function TimeFilter({ search, onChange }: Props): ReactElement {
  const [isOpen, setOpen] = useState(false);
  const isCustom = search.from !== undefined || search.to !== undefined;
  const label = search.range ? RANGES[search.range].label : isCustom ? "Between…" : "Any time";
  const set = (changes: TimeSearch): void => onChange({ range: undefined, from: undefined, to: undefined, ...changes });
  return (
    <Popover opened={isOpen} onChange={setOpen} position="bottom-start" shadow="md" trapFocus>
      <Popover.Target>
        <Button
          size="xs"
          variant="default"
          fw={400}
          aria-label={`Created: ${label}`}
          leftSection={<IconCalendar size={14} aria-hidden />}
          rightSection={<IconChevronDown size={13} aria-hidden />}
          onClick={() => setOpen(!isOpen)}
        >
          {label}
        </Button>
      </Popover.Target>
      <Popover.Dropdown p={8}>
        <Stack gap={2}>
          {[undefined, ...(Object.keys(RANGES) as TimeRange[])].map((range) => (
            <Button
              key={range ?? "any"}
              size="xs"
              justify="start"
              color="gray"
              variant={range === search.range && !isCustom ? "light" : "subtle"}
              c="var(--mantine-color-text)"
              onClick={() => {
                set({ range });
                setOpen(false);
              }}
            >
              {range ? RANGES[range].label : "Any time"}
            </Button>
          ))}
          <Between search={search} onChange={set} />
        </Stack>
      </Popover.Dropdown>
    </Popover>
  );
}

function Between({ search, onChange }: Props): ReactElement {
  return (
    <Group gap={6} mt={6} align="end">
      <TextInput
        size="xs"
        type="datetime-local"
        label="From"
        value={toInput(search.from)}
        onChange={(event) => onChange({ from: fromInput(event.currentTarget.value), to: search.to })}
      />
      <TextInput
        size="xs"
        type="datetime-local"
        label="Before"
        value={toInput(search.to)}
        onChange={(event) => onChange({ from: search.from, to: fromInput(event.currentTarget.value) })}
      />
      <Tooltip label="Any time">
        <ActionIcon size={30} variant="default" aria-label="Any time" onClick={() => onChange({})}>
          <IconX size={13} aria-hidden />
        </ActionIcon>
      </Tooltip>
    </Group>
  );
}

const toInput = (iso: string | undefined): string => {
  if (iso === undefined) return "";
  const at = new Date(iso);
  return new Date(at.getTime() - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
};
const fromInput = (text: string): string | undefined => (text === "" ? undefined : new Date(text).toISOString());
