/** The list as a table of which only the rows in sight are there. Loads more as its end comes near. */
import { Checkbox, Loader } from "@mantine/core";
import { useVirtualizer } from "@tanstack/react-virtual";
import { IconArrowDown, IconArrowUp } from "@tabler/icons-react";
import { type ReactElement, type RefObject, useEffect, useEffectEvent, useLayoutEffect } from "react";
import type { SortKey } from "@/lib/tasksSearch";
import type { Selection } from "@/lib/selection";
import { TaskRow } from "./TaskRow";
import classes from "./TaskTable.module.css";

const OVERSCAN = 6;
const NEAR_END = 40;

interface Props {
  readonly ids: readonly string[];
  readonly hasMore: boolean;
  readonly isLoadingMore: boolean;
  readonly isStale: boolean;
  readonly rowHeight: number;
  readonly sort: SortKey;
  readonly selection: Selection;
  /** The row that the keyboard is at, or -1. */
  readonly active: number;
  readonly peeked: string | undefined;
  readonly scroller: RefObject<HTMLDivElement | null>;
  /** How far it was scrolled when it was left. */
  readonly offset: number;
  readonly onScroll: (offset: number) => void;
  readonly onLoadMore: () => void;
  readonly onSort: () => void;
  readonly onToggle: (id: string, isRange: boolean) => void;
  readonly onToggleAll: () => void;
  readonly onActivate: (index: number) => void;
  readonly onPeek: (id: string) => void;
  readonly onOpen: (id: string) => void;
}

export function TaskTable(props: Props): ReactElement {
  const { ids, hasMore, isLoadingMore, rowHeight, selection, active, scroller, onScroll, onLoadMore } = props;
  // eslint-disable-next-line react-hooks/incompatible-library -- nothing here is memoised by the React Compiler
  const virtualizer = useVirtualizer({
    count: ids.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => rowHeight,
    getItemKey: (index) => ids[index] ?? index,
    overscan: OVERSCAN,
    initialOffset: props.offset,
  });
  const restore = useEffectEvent(() => {
    scroller.current?.scrollTo({ top: props.offset });
  });
  useLayoutEffect(() => {
    restore(); // without its value: what newer browsers' scrollTo returns is no clean-up
  }, []);
  const items = virtualizer.getVirtualItems();
  const first = items[0];
  const last = items.at(-1);

  const follow = useEffectEvent(() => {
    if (active >= 0) virtualizer.scrollToIndex(active, { align: "auto" });
  });
  useEffect(() => follow(), [active]);
  const resize = useEffectEvent(() => virtualizer.measure());
  useEffect(() => resize(), [rowHeight]);

  const margin = virtualizer.scrollOffset ? NEAR_END : 1; // nothing more is loaded for who only looks at the top
  const isNearEnd = hasMore && !isLoadingMore && last !== undefined && last.index >= ids.length - margin;
  const more = useEffectEvent(onLoadMore);
  useEffect(() => {
    if (!isNearEnd) return undefined;
    const afterPaint = setTimeout(() => more());
    return () => clearTimeout(afterPaint);
  }, [isNearEnd, ids.length]);

  const isAll = ids.length > 0 && ids.every((id) => selection.ids.has(id));
  return (
    <div
      ref={scroller}
      className={classes["scroller"]}
      tabIndex={-1}
      data-stale={props.isStale || undefined}
      onScroll={(event) => {
        if (!props.isStale) onScroll(event.currentTarget.scrollTop);
      }}
    >
      <table className={classes["table"]} aria-label="Tasks" aria-rowcount={hasMore ? -1 : ids.length + 1}>
        <thead>
          <tr aria-rowindex={1}>
            <th className={classes["check"]} scope="col">
              <Checkbox
                size="xs"
                aria-label="Select all that are loaded"
                checked={isAll}
                indeterminate={!isAll && selection.ids.size > 0}
                onChange={props.onToggleAll}
              />
            </th>
            <th className={classes["status"]} scope="col">
              Status
            </th>
            <th className={classes["title"]} scope="col">
              Title
            </th>
            <th className={classes["kind"]} scope="col">
              Kind
            </th>
            <th className={classes["queue"]} scope="col">
              Queue
            </th>
            <th className={classes["attempt"]} scope="col">
              Attempt
            </th>
            <th className={classes["progress"]} scope="col">
              Progress
            </th>
            <th className={classes["duration"]} scope="col">
              Duration
            </th>
            <CreatedHeader sort={props.sort} onSort={props.onSort} />
          </tr>
        </thead>
        <tbody>
          {first !== undefined && first.start > 0 && <Spacer height={first.start} />}
          {items.map(({ index, key }) => {
            const id = ids[index];
            return id === undefined ? null : (
              <TaskRow
                key={key}
                id={id}
                index={index}
                isSelected={selection.ids.has(id)}
                isActive={index === active}
                isPeeked={id === props.peeked}
                onToggle={props.onToggle}
                onActivate={props.onActivate}
                onPeek={props.onPeek}
                onOpen={props.onOpen}
              />
            );
          })}
          {last !== undefined && <Spacer height={virtualizer.getTotalSize() - last.end} />}
        </tbody>
      </table>
      <div className={classes["end"]}>
        {hasMore ? (
          <Loader size="xs" color="gray" aria-label="Loading more" />
        ) : (
          `${ids.length.toLocaleString("en")} shown, that is all`
        )}
      </div>
    </div>
  );
}

function Spacer({ height }: { readonly height: number }): ReactElement {
  return (
    <tr aria-hidden style={{ height }}>
      <td />
    </tr>
  );
}

function CreatedHeader({ sort, onSort }: { readonly sort: SortKey; readonly onSort: () => void }): ReactElement {
  const direction = sort === "newest" ? "descending" : sort === "oldest" ? "ascending" : "none";
  const Arrow = sort === "oldest" ? IconArrowUp : IconArrowDown;
  return (
    <th className={classes["created"]} scope="col" aria-sort={direction}>
      <button type="button" className={classes["sort"]} onClick={onSort}>
        Created {direction !== "none" && <Arrow size={13} aria-hidden />}
      </button>
    </th>
  );
}
