/** Fetches pages of the list. The tasks are written into the cache, the ids are returned. */
import type { ApolloClient } from "@apollo/client";
import { TasksPageDocument, type TaskFilter, type TaskOrder } from "@/generated/graphql";
import { joinPages, type Pages } from "./keyset";
import { keep, recall } from "./lists";

/** The first page is smaller: it arrives sooner, and is fetched again as tasks are created. */
const HEAD = 40;
const PAGE = 200;

export interface ListQuery {
  readonly filter: TaskFilter | null;
  readonly orderBy: TaskOrder;
}

export interface LoadedPage extends Pages {
  /** The version of each task in the answer. */
  readonly versions: ReadonlyMap<string, number>;
}

/** A new request must not be answered by one that is in flight, whose data may be older. */
const CONTEXT = { queryDeduplication: false };

let ahead: { readonly client: ApolloClient; readonly key: string; readonly page: Promise<LoadedPage> } | undefined;

export const keyOf = ({ filter, orderBy }: ListQuery): string => JSON.stringify([filter, orderBy]);

/** Requests a first page before the app renders, for the next loadPage of that list. Resolves when it is stored. */
export function loadAhead(client: ApolloClient, query: ListQuery): Promise<void> {
  const key = keyOf(query);
  const page = request(client, query, null);
  ahead = { client, key, page };
  return page.then(
    (head) => keep(client, key, { pages: joinPages(recall(client, key)?.pages, head, null) }),
    () => undefined, // loadPage rejects with the error
  );
}

/** The page after the cursor `after`, or the first. Rejects as the client does. */
export function loadPage(client: ApolloClient, query: ListQuery, after: string | null): Promise<LoadedPage> {
  const waiting = ahead;
  ahead = undefined;
  const isAhead = after === null && waiting?.client === client && waiting.key === keyOf(query);
  return isAhead ? waiting.page : request(client, query, after);
}

async function request(client: ApolloClient, list: ListQuery, after: string | null): Promise<LoadedPage> {
  const variables = { first: after === null ? HEAD : PAGE, after, ...list };
  const query = TasksPageDocument;
  const { data } = await client.query({ query, variables, fetchPolicy: "no-cache", context: CONTEXT });
  if (!data) throw new Error("no data");
  client.cache.writeQuery({ query, variables, data });
  const entries = data.tasks.edges.map(({ cursor, node }) => ({ id: node.id, cursor }));
  const versions = new Map(data.tasks.edges.map(({ node }) => [node.id, node.version]));
  const { hasNextPage, endCursor } = data.tasks.pageInfo;
  return { entries, hasMore: hasNextPage, end: endCursor, searchedUntil: data.tasks.searchedUntil, versions };
}
