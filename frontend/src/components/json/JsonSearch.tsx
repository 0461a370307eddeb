/** The search within a JSON value: the words, the number of matches, and buttons to the previous and the next one. */
import { ActionIcon, TextInput } from "@mantine/core";
import { IconChevronDown, IconChevronUp, IconSearch } from "@tabler/icons-react";
import type { KeyboardEvent, ReactElement } from "react";
import classes from "./JsonViewer.module.css";

interface Props {
  readonly title: string;
  readonly words: string;
  readonly at: number;
  readonly found: number;
  readonly onFind: (words: string) => void;
  readonly onStep: (by: number) => void;
}

export function JsonSearch({ title, words, at, found, onFind, onStep }: Props): ReactElement {
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.key === "Enter") onStep(event.shiftKey ? -1 : 1);
    if (event.key === "Escape") onFind("");
  };
  return (
    <div className={classes["search"]}>
      <TextInput
        size="xs"
        variant="unstyled"
        flex={1}
        placeholder="Search names and values"
        aria-label={`Search the ${title.toLowerCase()}`}
        leftSection={<IconSearch size={13} aria-hidden />}
        value={words}
        onChange={(event) => onFind(event.currentTarget.value)}
        onKeyDown={onKeyDown}
      />
      <span role="status" className={classes["found"]}>
        {words !== "" && (found === 0 ? "Nothing found" : `${at + 1} of ${found >= 500 ? "500+" : found}`)}
      </span>
      {found > 1 && (
        <>
          <ActionIcon size="sm" variant="subtle" color="gray" aria-label="The one before" onClick={() => onStep(-1)}>
            <IconChevronUp size={14} aria-hidden />
          </ActionIcon>
          <ActionIcon size="sm" variant="subtle" color="gray" aria-label="The next one" onClick={() => onStep(1)}>
            <IconChevronDown size={14} aria-hidden />
          </ActionIcon>
        </>
      )}
    </div>
  );
}
