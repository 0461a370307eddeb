/** The keyboard shortcuts of the list, and its active row. */
import { useApolloClient } from "@apollo/client/react";
import { type RefObject, useCallback, useState } from "react";
import { keep, recall } from "@/apollo/lists";
import { showRefusal } from "@/lib/toasts";
import type { ListSelection } from "./useListSelection";
import { useKeys } from "./useKeys";
import { type TaskAction, useTaskActions } from "./useTaskActions";
import { useWhyNot } from "./useViewer";

interface Options {
  /** The key of the list, under which the active row is kept. */
  readonly listKey: string;
  readonly ids: readonly string[];
  readonly selection: ListSelection;
  readonly peeked: string | undefined;
  readonly searchBox: RefObject<HTMLInputElement | null>;
  readonly onPeek: (id: string | undefined) => void;
  readonly onOpen: (id: string) => void;
  /** Called instead of acting on the row, when there is a selection. */
  readonly onBulk: (action: TaskAction) => void;
}

export interface ListKeys {
  /** The index of the active row, or -1. */
  readonly active: number;
  readonly setActive: (index: number) => void;
}

export function useListKeys(options: Options): ListKeys {
  const { listKey, ids, selection, peeked, searchBox, onPeek, onOpen } = options;
  const { active, setActive } = useActiveRow(listKey, ids);
  const act = useRowAction(options);
  const move = (step: number): void => {
    const next = Math.max(0, Math.min(ids.length - 1, active + step));
    setActive(next);
    if (peeked !== undefined) onPeek(ids[next]);
  };
  const withActive = (action: (id: string) => void) => () => {
    const id = ids[active];
    if (id !== undefined) action(id);
  };
  useKeys({
    "/": () => {
      searchBox.current?.focus();
      searchBox.current?.select();
    },
    j: () => move(1),
    k: () => move(-1),
    ArrowDown: () => move(1),
    ArrowUp: () => move(-1),
    x: withActive((id) => selection.onToggle(id, false)),
    X: withActive((id) => selection.onToggle(id, true)),
    Enter: withActive(onOpen),
    " ": withActive((id) => onPeek(id === peeked ? undefined : id)),
    Escape: () => onPeek(undefined),
    r: () => act("retry", ids[active]),
    c: () => act("cancel", ids[active]),
  });
  return { active, setActive };
}

/** The active row, kept with the list, so that going back restores it. */
function useActiveRow(listKey: string, ids: readonly string[]): ListKeys {
  const client = useApolloClient();
  const [activeId, setActiveId] = useState(() => recall(client, listKey)?.active ?? null);
  const setActive = useCallback(
    (index: number) => {
      const id = ids[index] ?? null;
      setActiveId(id);
      keep(client, listKey, { active: id });
    },
    [client, listKey, ids],
  );
  return { active: activeId === null ? -1 : ids.indexOf(activeId), setActive };
}

/** Acts on the selection, or on one row where no row is selected. */
function useRowAction({ selection, onBulk }: Options): (action: TaskAction, id: string | undefined) => void {
  const { run } = useTaskActions();
  const whyNot = useWhyNot("OPERATOR");
  return (action, id) => {
    if (whyNot !== null) showRefusal(whyNot);
    else if (selection.ids.size > 0) onBulk(action);
    else if (id !== undefined)
      void run(action, id).then(({ refusal }) => {
        if (refusal !== null) showRefusal(refusal);
      });
  };
}
