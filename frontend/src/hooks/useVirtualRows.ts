/** Which rows of a table are visible, and so are rendered; and when more of them are loaded. */
import { useVirtualizer, type Virtualizer } from "@tanstack/react-virtual";
import { type RefObject, useEffect, useEffectEvent, useLayoutEffect } from "react";

const OVERSCAN = 6;
const NEAR_END = 40;

export type Rows = Virtualizer<HTMLDivElement, Element>;

interface Options {
  readonly ids: readonly string[];
  readonly rowHeight: number;
  readonly scroller: RefObject<HTMLDivElement | null>;
  /** The scroll offset to begin with, in pixels. */
  readonly offset: number;
  /** The index of the row that is scrolled into view, or -1. */
  readonly active: number;
}

export function useVirtualRows({ ids, rowHeight, scroller, offset, active }: Options): Rows {
  // eslint-disable-next-line react-hooks/incompatible-library -- nothing here is memoised by the React Compiler
  const rows = useVirtualizer<HTMLDivElement, Element>({
    count: ids.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => rowHeight,
    getItemKey: (index) => ids[index] ?? index,
    overscan: OVERSCAN,
    initialOffset: offset,
  });
  const restore = useEffectEvent(() => {
    scroller.current?.scrollTo({ top: offset });
  });
  useLayoutEffect(() => {
    restore(); // without its value: what newer browsers' scrollTo returns is no clean-up
  }, []);
  const follow = useEffectEvent(() => {
    if (active >= 0) rows.scrollToIndex(active, { align: "auto" });
  });
  useEffect(() => follow(), [active]);
  const resize = useEffectEvent(() => rows.measure());
  useEffect(() => resize(), [rowHeight]);
  return rows;
}

/** Calls `load` when the last rows of `count` are near, after the paint. `isWanted` is false while no more can be loaded. */
export function useMoreRows(rows: Rows, count: number, isWanted: boolean, load: () => void): void {
  const margin = rows.scrollOffset ? NEAR_END : 1; // a reader who does not scroll needs no second page
  const last = rows.getVirtualItems().at(-1);
  const isNearEnd = isWanted && last !== undefined && last.index >= count - margin;
  const more = useEffectEvent(load);
  useEffect(() => {
    if (!isNearEnd) return undefined;
    const afterPaint = setTimeout(() => more());
    return () => clearTimeout(afterPaint);
  }, [isNearEnd, count]);
}
