/** One filtered list: its ids in order, more of them by keyset, and how many newer ones there are meanwhile. */
import type { ApolloClient } from "@apollo/client";
import { useApolloClient, useQuery } from "@apollo/client/react";
import { useEffect, useEffectEvent, useState } from "react";
import {
  NewerTasksDocument,
  TaskIdsDocument,
  TasksPageDocument,
  type TaskFilter,
  type TaskIdsQuery,
  type TaskOrder,
} from "@/generated/graphql";
import { useBatches, useReturn } from "./live";
import { refusalOf } from "./useTaskActions";
import { useThrottled } from "./useThrottled";

export const PAGE = 100;
const NEWER_MAX = 200;
const REFRESH_MS = 1_000;

export interface Newer {
  readonly count: number;
  /** Whether there are more than were counted. */
  readonly isMore: boolean;
}

export interface TaskList {
  /** Undefined until the first page is there. */
  readonly ids: readonly string[] | undefined;
  /** Whether the ids are those of the filter before, shown until its own come. */
  readonly isStale: boolean;
  readonly hasMore: boolean;
  readonly isLoadingMore: boolean;
  readonly error: string | null;
  readonly newer: Newer;
  readonly loadMore: () => void;
  readonly reload: () => void;
}

interface Options {
  readonly filter: TaskFilter | null;
  readonly orderBy: TaskOrder;
  /** Whether new tasks may go in by themselves: the reader is at the top. */
  readonly isAtTop: boolean;
}

/** Of one filter: what a former one left behind is not shown for the next. */
interface Keyed<Value> {
  readonly key: string;
  readonly value: Value;
}

const NONE: Newer = { count: 0, isMore: false };

export function useTaskList({ filter, orderBy, isAtTop }: Options): TaskList {
  const client = useApolloClient();
  const key = JSON.stringify([filter, orderBy]);
  const { data } = useQuery(TaskIdsDocument, { variables: { filter, orderBy }, fetchPolicy: "cache-only" });
  const ids = data ? idsOf(data) : undefined;
  const pageInfo = data?.tasks.pageInfo;
  const [previous, setPrevious] = useState(ids);
  if (ids !== undefined && ids !== previous) setPrevious(ids);

  const [failure, setFailure] = useState<Keyed<string | null>>({ key, value: null });
  const [newer, setNewer] = useState<Keyed<Newer>>({ key, value: NONE });
  const [isLoadingMore, setLoadingMore] = useState(false);

  const load = (after: string | null): Promise<void> =>
    loadPage(client, filter, orderBy, after).then((refusal) => {
      setFailure({ key, value: refusal });
      if (after === null) setNewer({ key, value: NONE });
    });
  const loadFirst = useEffectEvent(() => void load(null));
  useEffect(() => {
    const timer = setTimeout(() => loadFirst());
    return () => clearTimeout(timer);
  }, [key]);

  const look = async (): Promise<void> => {
    if (isAtTop) return load(null);
    const count = await countNewer(client, filter, orderBy, pageInfo?.startCursor ?? null);
    if (count) setNewer({ key, value: count });
  };
  const schedule = useThrottled(() => void look(), REFRESH_MS);
  useBatches(({ tally }) => {
    const isTouched = tally.created > 0 || filter?.statuses != null || orderBy.field === "UPDATED_AT";
    if (orderBy.direction === "DESC" && isTouched) schedule();
  });
  useReturn(() => void load(null));

  return {
    ids: ids ?? previous,
    isStale: ids === undefined,
    hasMore: pageInfo?.hasNextPage ?? false,
    isLoadingMore,
    error: failure.key === key ? failure.value : null,
    newer: newer.key === key && !isAtTop ? newer.value : NONE,
    loadMore: () => {
      if (isLoadingMore || !pageInfo?.hasNextPage) return;
      setLoadingMore(true);
      void load(pageInfo.endCursor).finally(() => setLoadingMore(false));
    },
    reload: () => void load(null),
  };
}

const known = new WeakMap<TaskIdsQuery, readonly string[]>();

/** The same array for the same result. */
function idsOf(data: TaskIdsQuery): readonly string[] {
  const made = known.get(data) ?? data.tasks.edges.map(({ node }) => node.id);
  known.set(data, made);
  return made;
}

/** Into the cache. Returns why not, or null. */
async function loadPage(
  client: ApolloClient,
  filter: TaskFilter | null,
  orderBy: TaskOrder,
  after: string | null,
): Promise<string | null> {
  const variables = { first: PAGE, after, filter, orderBy };
  try {
    await client.query({ query: TasksPageDocument, variables, fetchPolicy: "network-only" });
    return null;
  } catch (error) {
    return refusalOf(error);
  }
}

async function countNewer(
  client: ApolloClient,
  filter: TaskFilter | null,
  orderBy: TaskOrder,
  before: string | null,
): Promise<Newer | null> {
  if (before === null) return null;
  const variables = { last: NEWER_MAX, before, filter, orderBy };
  try {
    const { data } = await client.query({ query: NewerTasksDocument, variables, fetchPolicy: "no-cache" });
    return data ? { count: data.tasks.nodes.length, isMore: data.tasks.pageInfo.hasPreviousPage } : null;
  } catch {
    return null; // The connection indicator says that the API is away.
  }
}
