/** The kinds and queues among the newest rows that are loaded: what the filter suggests. */
import { useApolloClient } from "@apollo/client/react";
import { useMemo } from "react";
import { Facets_taskFragmentDoc } from "@/generated/graphql";

const LOOKED_AT = 300;

export interface Facets {
  readonly kinds: readonly string[];
  readonly queues: readonly string[];
}

export function useFacets(ids: readonly string[]): Facets {
  const { cache } = useApolloClient();
  return useMemo(() => {
    const kinds = new Set<string>();
    const queues = new Set<string>();
    for (const id of ids.slice(0, LOOKED_AT)) {
      const task = cache.readFragment({ id: `Task:${id}`, fragment: Facets_taskFragmentDoc });
      if (task) {
        kinds.add(task.kind);
        queues.add(task.queue);
      }
    }
    return { kinds: [...kinds].sort(), queues: [...queues].sort() };
  }, [cache, ids]);
}
