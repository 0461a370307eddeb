/** The scroll offset of a list, kept for the way back, and whether the list is at its top. */
import { useApolloClient } from "@apollo/client/react";
import { useCallback, useState } from "react";
import { keep, recall } from "@/apollo/lists";

/** Pixels. */
const AT_TOP = 4;

export interface ListPlace {
  /** The kept scroll offset, in pixels. */
  readonly offset: number;
  readonly isAtTop: boolean;
  readonly onScroll: (offset: number) => void;
}

export function useListPlace(key: string): ListPlace {
  const client = useApolloClient();
  const offset = recall(client, key)?.offset ?? 0;
  const [moved, setMoved] = useState({ key, isAtTop: offset < AT_TOP });
  const onScroll = useCallback(
    (to: number) => {
      keep(client, key, { offset: to });
      setMoved((before) => {
        const next = { key, isAtTop: to < AT_TOP };
        return before.key === key && before.isAtTop === next.isAtTop ? before : next;
      });
    },
    [client, key],
  );
  return { offset, isAtTop: moved.key === key ? moved.isAtTop : offset < AT_TOP, onScroll };
}
