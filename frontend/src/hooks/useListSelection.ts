/** Which rows of a list are selected. A selection is of one filter: what another one hides must not be acted on. */
import { useCallback, useEffect, useRef, useState } from "react";
import { extend, NOTHING_SELECTED, selectAll, type Selection, toggle } from "@/lib/selection";

export interface ListSelection {
  readonly ids: ReadonlySet<string>;
  readonly onToggle: (id: string, isRange: boolean) => void;
  /** All that are loaded; or none, when all of them were. */
  readonly onToggleAll: () => void;
  readonly clear: () => void;
}

type Change = (now: Selection) => Selection;

/** `key` is the list's, `loaded` are the tasks that it shows. */
export function useListSelection(key: string, loaded: readonly string[]): ListSelection {
  const [state, setState] = useState({ key, selection: NOTHING_SELECTED });
  const set = useCallback(
    (change: Change) =>
      setState((before) => ({ key, selection: change(before.key === key ? before.selection : NOTHING_SELECTED) })),
    [key],
  );
  const shown = useRef(loaded); // read by handlers alone, so that a longer list renders no row anew
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
