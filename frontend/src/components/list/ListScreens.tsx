/** The screens of a list without rows: loading, empty, filtered empty, not found yet, error. */
import { Button, Code, Skeleton, VisuallyHidden } from "@mantine/core";
import { IconFilterOff, IconInbox, IconPlugConnectedX, IconPlus, IconSearch } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import type { ReactElement } from "react";
import { Instant } from "@/components/Instant";
import { Screen } from "@/components/Screen";
import type { TaskList } from "@/hooks/useTaskList";
import classes from "./ListScreens.module.css";
import { SearchFurther } from "./SearchFurther";

const ROWS = 12;

export function ListLoading(): ReactElement {
  return (
    <div className={classes["loading"]} role="status">
      <VisuallyHidden>Loading tasks</VisuallyHidden>
      {Array.from({ length: ROWS }, (_, row) => (
        <div key={row} className={classes["row"]} aria-hidden>
          <Skeleton h={22} w={92} radius="xl" />
          <Skeleton h={12} w={`${38 + ((row * 17) % 30)}%`} />
          <Skeleton h={12} w={80} ml="auto" />
        </div>
      ))}
    </div>
  );
}

export function ListEmpty(): ReactElement {
  return (
    <Screen
      icon={<IconInbox size={26} stroke={1.5} />}
      title="No task yet"
      actions={
        <Button component={Link} to="/new" size="xs" leftSection={<IconPlus size={14} aria-hidden />}>
          New task
        </Button>
      }
    >
      Create one here, or from a terminal with{" "}
      <Code className={classes["code"] ?? ""}>taskflow submit &quot;My first task&quot;</Code>. It will show up by
      itself.
    </Screen>
  );
}

export function ListFilteredEmpty({ onClear }: { readonly onClear: () => void }): ReactElement {
  return (
    <Screen
      icon={<IconFilterOff size={26} stroke={1.5} />}
      title="No task passes this filter"
      actions={
        <Button size="xs" variant="default" onClick={onClear}>
          Clear the filter
        </Button>
      }
    >
      One that does will show up here by itself.
    </Screen>
  );
}

export function ListSearched({ list, until }: { readonly list: TaskList; readonly until: string }): ReactElement {
  return (
    <Screen
      icon={<IconSearch size={26} stroke={1.5} />}
      title="Nothing found yet"
      actions={<SearchFurther list={list} />}
    >
      Not all tasks have been looked at: the search has come to those of <Instant at={until} />.
    </Screen>
  );
}

export function ListError({
  reason,
  onRetry,
}: {
  readonly reason: string;
  readonly onRetry: () => void;
}): ReactElement {
  return (
    <Screen
      isAlert
      icon={<IconPlugConnectedX size={26} stroke={1.5} />}
      title="The tasks could not be loaded"
      actions={
        <Button size="xs" variant="default" onClick={onRetry}>
          Try again
        </Button>
      }
    >
      {reason}. This says nothing of the tasks themselves: they may be running well.
    </Screen>
  );
}
