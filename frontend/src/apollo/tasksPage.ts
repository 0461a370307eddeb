/** Pages of the list, as the API has them. The tasks go into the cache, the page itself is returned. */
import type { ApolloClient } from "@apollo/client";
import { TasksPageDocument, type TaskFilter, type TaskOrder } from "@/generated/graphql";
import { joinPages, type Pages } from "./keyset";
import { keep, recall } from "./lists";

/** The first page is smaller: it is there sooner, and asked for again as tasks come. */
const HEAD = 40;
const PAGE = 200;

export interface ListQuery {
  readonly filter: TaskFilter | null;
  readonly orderBy: TaskOrder;
}

export interface LoadedPage extends Pages {
  /** Of each of its tasks, as the API knew it when it answered. */
  readonly versions: ReadonlyMap<string, number>;
}

/** What is asked for now is newer than an answer that is under way, which must not stand for it. */
const CONTEXT = { queryDeduplication: false };

let ahead: { readonly key: string; readonly page: Promise<LoadedPage> } | undefined;

export const keyOf = ({ filter, orderBy }: ListQuery): string => JSON.stringify([filter, orderBy]);

/** Asks for a first page before anything is rendered; who loads it next gets this answer. Settled when it is kept. */
export function loadAhead(client: ApolloClient, query: ListQuery): Promise<void> {
  const key = keyOf(query);
  const page = request(client, query, null);
  ahead = { key, page };
  return page.then(
    (head) => keep(client, key, { pages: joinPages(recall(client, key)?.pages, head, null) }),
    () => undefined, // whoever loads it hears of it
  );
}

/** The page behind the cursor `after`, or the first. Rejects as the client does. */
export function loadPage(client: ApolloClient, query: ListQuery, after: string | null): Promise<LoadedPage> {
  const waiting = ahead;
  ahead = undefined;
  return after === null && waiting?.key === keyOf(query) ? waiting.page : request(client, query, after);
}

async function request(client: ApolloClient, list: ListQuery, after: string | null): Promise<LoadedPage> {
  const variables = { first: after === null ? HEAD : PAGE, after, ...list };
  const query = TasksPageDocument;
  const { data } = await client.query({ query, variables, fetchPolicy: "no-cache", context: CONTEXT });
  if (!data) throw new Error("no data");
  client.cache.writeQuery({ query, variables, data });
  const entries = data.tasks.edges.map(({ cursor, node }) => ({ id: node.id, cursor }));
  const versions = new Map(data.tasks.edges.map(({ node }) => [node.id, node.version]));
  return { entries, hasMore: data.tasks.pageInfo.hasNextPage, versions };
}
