/** One filtered list: its ids in order, more of them by keyset, and how many newer ones there are meanwhile. */
import type { ApolloClient } from "@apollo/client";
import { useApolloClient } from "@apollo/client/react";
import { useEffectEvent, useLayoutEffect, useRef, useState } from "react";
import { cut, joinPages, type Pages } from "@/apollo/keyset";
import { keep, recall } from "@/apollo/lists";
import { keyOf, type ListQuery, loadPage } from "@/apollo/tasksPage";
import { NewerTasksDocument } from "@/generated/graphql";
import { useBatches, useLive, useStart } from "./live";
import { refusalOf } from "./useTaskActions";
import { useThrottled } from "./useThrottled";

/** At the top new tasks go in by themselves, all day; as many leave at the other end. */
const KEPT_AT_TOP = 600;
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
  /** Whose ids these are: of the filter before, until this one's come. */
  readonly key: string;
  readonly isStale: boolean;
  readonly hasMore: boolean;
  readonly isLoadingMore: boolean;
  readonly error: string | null;
  readonly newer: Newer;
  readonly loadMore: () => void;
  readonly reload: () => void;
}

interface Options extends ListQuery {
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
  const query = { filter, orderBy };
  const key = keyOf(query);
  const [list, setList] = useState<Keyed<Pages> | undefined>(() => keyed(key, recall(client, key)?.pages));
  const recalled = list?.key === key ? list : keyed(key, recall(client, key)?.pages);
  const pages = recalled?.value;

  const [failure, setFailure] = useState<Keyed<string | null>>({ key, value: null });
  const [newer, setNewer] = useState<Keyed<Newer>>({ key, value: NONE });
  const [isLoadingMore, setLoadingMore] = useState(false);

  const { stream } = useLive();
  const turns = useRef({ taken: 0, answered: 0 });
  const load = async (after: string | null): Promise<void> => {
    const turn = ++turns.current.taken;
    const page = await loadPage(client, query, after).catch(refusalOf);
    if (after === null && turn < turns.current.answered) return; // one that was asked later has overtaken it
    if (after === null) turns.current.answered = turn;
    if (typeof page === "string") {
      setFailure({ key, value: page });
      return;
    }
    stream.check(page.versions);
    const joined = joinPages(recall(client, key)?.pages, page, after);
    keep(client, key, { pages: after === null && isAtTop ? cut(joined, KEPT_AT_TOP) : joined });
    setFailure({ key, value: null });
    if (after === null) setNewer({ key, value: NONE });
    setList(keyed(key, recall(client, key)?.pages));
  };
  const loadFirst = useEffectEvent(() => void load(null));
  useLayoutEffect(() => queueMicrotask(loadFirst), [key]); // before the paint: it may have been loaded ahead

  const look = async (): Promise<void> => {
    if (isAtTop) return load(null);
    const count = await countNewer(client, query, pages?.entries[0]?.cursor ?? null);
    if (count) setNewer({ key, value: count });
  };
  const schedule = useThrottled(() => void look(), REFRESH_MS);
  useBatches(({ tally }) => {
    const isTouched = tally.created > 0 || filter?.statuses != null || orderBy.field === "UPDATED_AT";
    if (orderBy.direction === "DESC" && isTouched) schedule();
  });
  useStart(() => void load(null));

  return {
    ids: pages ? idsOf(pages) : list && idsOf(list.value),
    key: pages ? key : (list?.key ?? key),
    isStale: pages === undefined,
    hasMore: pages?.hasMore ?? false,
    isLoadingMore,
    error: failure.key === key ? failure.value : null,
    newer: newer.key === key && !isAtTop ? newer.value : NONE,
    loadMore: () => {
      const after = pages?.entries.at(-1)?.cursor;
      if (isLoadingMore || !pages?.hasMore || after === undefined) return;
      setLoadingMore(true);
      void load(after).finally(() => setLoadingMore(false));
    },
    reload: () => void load(null),
  };
}

function keyed(key: string, pages: Pages | undefined): Keyed<Pages> | undefined {
  return pages && { key, value: pages };
}

const known = new WeakMap<Pages, readonly string[]>();

/** The same array for the same list. */
function idsOf(pages: Pages): readonly string[] {
  const made = known.get(pages) ?? pages.entries.map(({ id }) => id);
  known.set(pages, made);
  return made;
}

async function countNewer(client: ApolloClient, query: ListQuery, before: string | null): Promise<Newer | null> {
  if (before === null) return null;
  const variables = { last: NEWER_MAX, before, ...query };
  try {
    const { data } = await client.query({ query: NewerTasksDocument, variables, fetchPolicy: "no-cache" });
    return data ? { count: data.tasks.nodes.length, isMore: data.tasks.pageInfo.hasPreviousPage } : null;
  } catch {
    return null; // The connection indicator says that the API is away.
  }
}
