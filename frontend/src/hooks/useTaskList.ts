/** One filtered list: its ids in order, more of them by keyset pages, and the number of newer ones. */
import type { ApolloClient } from "@apollo/client";
import { useApolloClient } from "@apollo/client/react";
import { useEffect, useEffectEvent, useLayoutEffect, useRef, useState } from "react";
import { cut, joinPages, type Pages } from "@/apollo/keyset";
import { keep, recall } from "@/apollo/lists";
import { keyOf, type ListQuery, loadPage } from "@/apollo/tasksPage";
import { NewerTasksDocument } from "@/generated/graphql";
import { useBatches, useLive, useStart } from "./live";
import { refusalOf } from "@/lib/refusal";
import { useThrottled } from "./useThrottled";

/** At the top of the list new tasks are inserted, for days on end; so the list is cut to this length. */
const KEPT_AT_TOP = 600;
const NEWER_MAX = 200;
const REFRESH_MS = 1_000;

export interface Newer {
  readonly count: number;
  /** Whether there are more than `count`. */
  readonly isMore: boolean;
}

export interface TaskList {
  /** Undefined until the first page has loaded. */
  readonly ids: readonly string[] | undefined;
  /** The key of the list that the ids belong to: the previous filter's, until this one has loaded. */
  readonly key: string;
  readonly isStale: boolean;
  readonly hasMore: boolean;
  /** The instant at which a search stopped early: it goes on when more are loaded. */
  readonly searchedUntil: string | null;
  readonly isLoadingMore: boolean;
  readonly error: string | null;
  readonly newer: Newer;
  readonly loadMore: () => void;
  readonly reload: () => void;
}

interface Options extends ListQuery {
  /** Whether new tasks are inserted: the list is scrolled to its top. */
  readonly isAtTop: boolean;
}

/** A value of one list: the value of a previous filter is not used for the next. */
interface Keyed<Value> {
  readonly key: string;
  readonly value: Value;
}

const NONE: Newer = { count: 0, isMore: false };

export function useTaskList({ isAtTop, ...query }: Options): TaskList {
  const key = keyOf(query);
  const newer = useNewer(query);
  const { list, pages, error, load } = usePages(query, isAtTop, newer.forget);
  const [isLoadingMore, setLoadingMore] = useState(false);

  const schedule = useThrottled(() => void (isAtTop ? load(null) : newer.look(pages)), REFRESH_MS);
  useBatches(({ tally }) => {
    const isTouched = tally.created > 0 || query.filter?.statuses != null || query.orderBy.field === "UPDATED_AT";
    if (query.orderBy.direction === "DESC" && isTouched) schedule();
  });
  useStart(() => void load(null));
  const isBehind = isAtTop && newer.count.count > 0; // they were counted while the list was not at its top
  const insertNewer = useEffectEvent(() => void load(null));
  useEffect(() => {
    if (isBehind) insertNewer();
  }, [isBehind]);

  return {
    ids: pages ? idsOf(pages) : list && idsOf(list.value),
    key: pages ? key : (list?.key ?? key),
    isStale: pages === undefined,
    hasMore: pages?.hasMore ?? false,
    searchedUntil: pages?.searchedUntil ?? null,
    isLoadingMore,
    error,
    newer: isAtTop ? NONE : newer.count,
    loadMore: () => {
      if (isLoadingMore || !pages?.hasMore || pages.end === null) return;
      setLoadingMore(true);
      void load(pages.end).finally(() => setLoadingMore(false));
    },
    reload: () => void load(null),
  };
}

interface LoadedList {
  /** The list that was loaded last, maybe of another filter. */
  readonly list: Keyed<Pages> | undefined;
  /** The pages of this filter. */
  readonly pages: Pages | undefined;
  readonly error: string | null;
  /** Loads the page after the cursor `after`, or the first. */
  readonly load: (after: string | null) => Promise<void>;
}

/** `onHead` is called when a first page has loaded. */
function usePages(query: ListQuery, isAtTop: boolean, onHead: () => void): LoadedList {
  const client = useApolloClient();
  const { stream } = useLive();
  const key = keyOf(query);
  const [list, setList] = useState<Keyed<Pages> | undefined>(() => keyed(key, recall(client, key)?.pages));
  const [failure, setFailure] = useState<Keyed<string | null>>({ key, value: null });
  const requests = useRef({ sent: 0, answered: 0 });
  const load = async (after: string | null): Promise<void> => {
    const request = ++requests.current.sent;
    const page = await loadPage(client, query, after).catch(refusalOf);
    if (after === null && request < requests.current.answered) return; // a later request has been answered first
    if (after === null) requests.current.answered = request;
    if (typeof page === "string") {
      setFailure({ key, value: page });
      return;
    }
    stream.check(page.versions);
    const joined = joinPages(recall(client, key)?.pages, page, after);
    keep(client, key, { pages: after === null && isAtTop ? cut(joined, KEPT_AT_TOP) : joined });
    setFailure({ key, value: null });
    if (after === null) onHead();
    setList(keyed(key, recall(client, key)?.pages));
  };
  const loadFirst = useEffectEvent(() => void load(null));
  useLayoutEffect(() => queueMicrotask(loadFirst), [key]); // before the paint: the page may have been loaded ahead

  const recalled = list?.key === key ? list : keyed(key, recall(client, key)?.pages);
  return { list, pages: recalled?.value, error: failure.key === key ? failure.value : null, load };
}

/** The number of tasks before the first loaded one, when it was last counted. */
function useNewer(query: ListQuery): {
  readonly count: Newer;
  readonly look: (pages: Pages | undefined) => Promise<void>;
  readonly forget: () => void;
} {
  const client = useApolloClient();
  const key = keyOf(query);
  const [newer, setNewer] = useState<Keyed<Newer>>({ key, value: NONE });
  return {
    count: newer.key === key ? newer.value : NONE,
    look: async (pages) => {
      const count = await countNewer(client, query, pages?.entries[0]?.cursor ?? null);
      if (count) setNewer({ key, value: count });
    },
    forget: () => setNewer({ key, value: NONE }),
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
