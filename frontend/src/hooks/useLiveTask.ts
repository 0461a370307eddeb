/** The query of one task, fetched again after each event that has a newer version: an event does not carry every field. */
import type { TypedDocumentNode } from "@apollo/client";
import { useFragment, useQuery } from "@apollo/client/react";
import { useEffect } from "react";
import { LiveTask_historyFragmentDoc } from "@/generated/graphql";
import { useLive, useStart } from "./live";

/** A request that is in flight may be older than the event: a new one must not share its answer. */
const CONTEXT = { queryDeduplication: false };

/** `document` spreads LiveTask_history. */
export function useLiveTask<Data>(document: TypedDocumentNode<Data, { readonly id: string }>, id: string) {
  const result = useQuery(document, { variables: { id }, fetchPolicy: "cache-and-network", context: CONTEXT });
  const { refetch } = result;
  const { stream } = useLive();
  const { version, recorded } = useVersions(id);
  useEffect(() => {
    if (version !== recorded) refetch().catch(() => undefined); // the next event fetches it again
  }, [version, recorded, refetch]);
  useEffect(() => {
    if (version !== null) stream.check(new Map([[id, version]]));
  }, [stream, id, version]);
  useStart(() => void refetch().catch(() => undefined)); // the next event fetches it again
  return result;
}

/** Whether the task has a newer version than its history. */
export function useIsBehind(id: string): boolean {
  const { version, recorded } = useVersions(id);
  return version !== recorded;
}

interface Versions {
  readonly version: number | null;
  /** The newest version in the history. */
  readonly recorded: number | null;
}

function useVersions(id: string): Versions {
  const { data: task, complete } = useFragment({
    fragment: LiveTask_historyFragmentDoc,
    from: { __typename: "Task", id },
  });
  if (!complete) return { version: null, recorded: null };
  return { version: task.version, recorded: task.events.at(-1)?.version ?? 0 };
}
