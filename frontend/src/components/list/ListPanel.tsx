/** The rows of the list, or why there are none; above them the number of newer ones, and a warning when they are stale. */
import { Button } from "@mantine/core";
import { useMediaQuery } from "@mantine/hooks";
import { IconArrowUp } from "@tabler/icons-react";
import { type ReactElement, useRef } from "react";
import type { ListKeys } from "@/hooks/useListKeys";
import type { ListPlace } from "@/hooks/useListPlace";
import type { ListSelection } from "@/hooks/useListSelection";
import type { TaskList } from "@/hooks/useTaskList";
import { formatCount } from "@/lib/format";
import { isFiltered, type TasksSearch } from "@/lib/tasksSearch";
import classes from "./ListPanel.module.css";
import { ListEmpty, ListError, ListFilteredEmpty, ListLoading, ListSearched } from "./ListScreens";
import { TaskTable } from "./TaskTable";

const ROW_HEIGHT = 40;
const ROW_HEIGHT_NARROW = 52;

interface Props {
  readonly id: string;
  readonly search: TasksSearch;
  readonly list: TaskList;
  readonly place: ListPlace;
  readonly selection: ListSelection;
  readonly keys: ListKeys;
  readonly onFilter: (changes: Partial<TasksSearch>) => void;
  readonly onClear: () => void;
  readonly onPeek: (id: string) => void;
  readonly onOpen: (id: string) => void;
}

export function ListPanel(props: Props): ReactElement {
  const { search, list, place, onClear } = props;
  const isNarrow = useMediaQuery("(max-width: 48em)");
  const scroller = useRef<HTMLDivElement>(null);
  const goToTop = (): void => {
    scroller.current?.scrollTo({ top: 0 });
    place.onScroll(0);
    list.reload();
  };
  return (
    <div id={props.id} role="tabpanel" aria-label="Tasks" className={classes["panel"]}>
      <NewerPill list={list} onClick={goToTop} />
      <StaleNote list={list} />
      {list.ids !== undefined && list.ids.length > 0 ? (
        <TaskTable
          key={list.key}
          ids={list.ids}
          list={list}
          place={place}
          sort={search.sort ?? "newest"}
          peeked={search.peek}
          rowHeight={isNarrow ? ROW_HEIGHT_NARROW : ROW_HEIGHT}
          scroller={scroller}
          selection={props.selection}
          keys={props.keys}
          onSort={() => props.onFilter({ sort: search.sort === "oldest" ? undefined : "oldest" })}
          onPeek={props.onPeek}
          onOpen={props.onOpen}
        />
      ) : (
        <NoRows list={list} isFiltered={isFiltered(search)} onClear={onClear} />
      )}
    </div>
  );
}

function NoRows(props: {
  readonly list: TaskList;
  readonly isFiltered: boolean;
  readonly onClear: () => void;
}): ReactElement {
  const { list, onClear } = props;
  if (list.error !== null) return <ListError reason={list.error} onRetry={list.reload} />;
  if (list.isStale || list.ids === undefined) return <ListLoading />;
  if (list.searchedUntil !== null) return <ListSearched list={list} until={list.searchedUntil} />;
  return props.isFiltered ? <ListFilteredEmpty onClear={onClear} /> : <ListEmpty />;
}

function NewerPill({ list, onClick }: { readonly list: TaskList; readonly onClick: () => void }): ReactElement | null {
  const { count, isMore } = list.newer;
  if (count === 0) return null;
  return (
    <Button
      className={classes["pill"] ?? ""}
      size="xs"
      radius="xl"
      leftSection={<IconArrowUp size={14} aria-hidden />}
      onClick={onClick}
    >
      {formatCount(count)}
      {isMore && "+"} new
    </Button>
  );
}

/** The warning that the rows may be out of date, shown while the API does not answer. */
function StaleNote({ list }: { readonly list: TaskList }): ReactElement | null {
  if (list.error === null || list.ids === undefined || list.ids.length === 0) return null;
  return (
    <div className={classes["note"]} role="alert">
      These rows may be out of date: {list.error}.
      <Button size="compact-xs" variant="default" onClick={list.reload}>
        Try again
      </Button>
    </div>
  );
}
