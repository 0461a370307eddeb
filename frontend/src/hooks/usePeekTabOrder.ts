/** Has Tab go from a row to its peek, and from there to the next row, although the peek stands beside the list. */
import { type RefObject, useEffect } from "react";
import { inOrder, nextStop, stopsOf } from "@/lib/tabOrder";

/** `around` holds the list and the peek. */
export function usePeekTabOrder(around: RefObject<HTMLElement | null>, isPeeking: boolean): void {
  useEffect(() => {
    if (!isPeeking) return undefined;
    const onKeyDown = (event: KeyboardEvent): void => {
      const row = around.current?.querySelector("tr[data-peeked]");
      const peek = around.current?.querySelector("aside");
      const from = document.activeElement;
      if (event.key !== "Tab" || event.defaultPrevented || !row || !peek || !(from instanceof HTMLElement)) return;
      const stops = stopsOf(document);
      const to = nextStop(stops, inOrder(stops, row, peek), from, event.shiftKey ? -1 : 1);
      if (!to) return;
      event.preventDefault();
      to.focus();
    };
    document.addEventListener("keydown", onKeyDown);
    return () => document.removeEventListener("keydown", onKeyDown);
  }, [around, isPeeking]);
}
