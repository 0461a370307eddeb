/** The list as a table that renders only the visible rows, and loads more near its end. */
import { Loader } from "@mantine/core";
import type { ReactElement, RefObject } from "react";
import type { ListKeys } from "@/hooks/useListKeys";
import type { ListPlace } from "@/hooks/useListPlace";
import type { ListSelection } from "@/hooks/useListSelection";
import type { TaskList } from "@/hooks/useTaskList";
import { type Rows, useMoreRows, useVirtualRows } from "@/hooks/useVirtualRows";
import { Instant } from "@/components/Instant";
import { formatCount } from "@/lib/format";
import type { SortKey } from "@/lib/tasksSearch";
import { SearchFurther } from "./SearchFurther";
import { TaskRow } from "./TaskRow";
import classes from "./TaskTable.module.css";
import { TaskTableHead } from "./TaskTableHead";

interface Props {
  readonly ids: readonly string[];
  readonly list: TaskList;
  readonly place: ListPlace;
  readonly sort: SortKey;
  readonly peeked: string | undefined;
  readonly rowHeight: number;
  readonly scroller: RefObject<HTMLDivElement | null>;
  readonly selection: ListSelection;
  readonly keys: ListKeys;
  readonly onSort: () => void;
  readonly onPeek: (id: string) => void;
  readonly onOpen: (id: string) => void;
}

export function TaskTable(props: Props): ReactElement {
  const { ids, list, place, selection, scroller, rowHeight, keys } = props;
  const { isStale, hasMore, searchedUntil } = list;
  const rows = useVirtualRows({ ids, rowHeight, scroller, offset: place.offset, active: keys.active });
  useMoreRows(rows, ids.length, hasMore && searchedUntil === null && !list.isLoadingMore, list.loadMore);
  return (
    <div
      ref={scroller}
      className={classes["scroller"]}
      tabIndex={-1}
      data-stale={isStale || undefined}
      onScroll={(event) => {
        if (!isStale) place.onScroll(event.currentTarget.scrollTop);
      }}
    >
      <table className={classes["table"]} aria-label="Tasks" aria-rowcount={hasMore ? -1 : ids.length + 1}>
        <TaskTableHead
          isAllSelected={ids.length > 0 && ids.every((id) => selection.ids.has(id))}
          isAnySelected={selection.ids.size > 0}
          onToggleAll={selection.onToggleAll}
          sort={props.sort}
          onSort={props.onSort}
        />
        <tbody>
          <RowsInSight {...props} rows={rows} />
        </tbody>
      </table>
      <div className={classes["end"]}>
        <ListEnd list={list} count={ids.length} />
      </div>
    </div>
  );
}

function ListEnd({ list, count }: { readonly list: TaskList; readonly count: number }): ReactElement {
  if (list.searchedUntil !== null) {
    return (
      <>
        {formatCount(count)} found, searched as far as <Instant at={list.searchedUntil} /> <SearchFurther list={list} />
      </>
    );
  }
  if (list.hasMore) return <Loader size="xs" color="gray" aria-label="Loading more" />;
  return <>{formatCount(count)} shown, that is all</>;
}

/** The visible rows, between two spacers with the height of the others. */
function RowsInSight(props: Props & { readonly rows: Rows }): ReactElement {
  const { rows, ids, selection, keys, peeked, onPeek, onOpen } = props;
  const items = rows.getVirtualItems();
  const first = items[0];
  const last = items.at(-1);
  return (
    <>
      {first !== undefined && first.start > 0 && <Spacer height={first.start} />}
      {items.map(({ index, key }) => {
        const id = ids[index];
        return id === undefined ? null : (
          <TaskRow
            key={key}
            id={id}
            index={index}
            isSelected={selection.ids.has(id)}
            isActive={index === keys.active}
            isPeeked={id === peeked}
            onToggle={selection.onToggle}
            onActivate={keys.setActive}
            onPeek={onPeek}
            onOpen={onOpen}
          />
        );
      })}
      {last !== undefined && <Spacer height={rows.getTotalSize() - last.end} />}
    </>
  );
}

function Spacer({ height }: { readonly height: number }): ReactElement {
  return (
    <tr aria-hidden style={{ height }}>
      <td />
    </tr>
  );
}
