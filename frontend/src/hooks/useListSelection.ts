/** The selected tasks of a list. A new filter clears the selection: no action may reach a task that is not shown. */
import { useCallback, useEffect, useRef, useState } from "react";
import { extend, NOTHING_SELECTED, selectAll, type Selection, toggle } from "@/lib/selection";

export interface ListSelection {
  readonly ids: ReadonlySet<string>;
  readonly onToggle: (id: string, isRange: boolean) => void;
  /** Selects every loaded task, or none when all of them are selected. */
  readonly onToggleAll: () => void;
  readonly clear: () => void;
}

type Change = (now: Selection) => Selection;

/** `key` is the key of the list, `loaded` are the tasks in it. */
export function useListSelection(key: string, loaded: readonly string[]): ListSelection {
  const [state, setState] = useState({ key, selection: NOTHING_SELECTED });
  const set = useCallback(
    (change: Change) =>
      setState((before) => ({ key, selection: change(before.key === key ? before.selection : NOTHING_SELECTED) })),
    [key],
  );
  const shown = useRef(loaded); // read by handlers alone, so that a longer list renders no row again
  useEffect(() => {
    shown.current = loaded;
  }, [loaded]);
  const onToggle = useCallback(
    (id: string, isRange: boolean) => set((now) => (isRange ? extend(now, id, shown.current) : toggle(now, id))),
    [set],
  );
  return {
    ids: (state.key === key ? state.selection : NOTHING_SELECTED).ids,
    onToggle,
    onToggleAll: () =>
      set((now) => (loaded.every((id) => now.ids.has(id)) ? NOTHING_SELECTED : selectAll(now, loaded))),
    clear: useCallback(() => set(() => NOTHING_SELECTED), [set]),
  };
}
