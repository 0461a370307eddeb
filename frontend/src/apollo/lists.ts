/** The lists that were shown last, so that going back shows the same rows at the same scroll position. Bounded. */
import type { ApolloClient } from "@apollo/client";
import type { Pages } from "./keyset";

const LISTS_KEPT = 6;

export interface KeptList {
  readonly pages: Pages;
  /** The scroll offset, in pixels. */
  readonly offset: number;
  /** The task whose row had the keyboard focus. */
  readonly active: string | null;
}

const kept = new WeakMap<ApolloClient, Map<string, KeptList>>();

function listsOf(client: ApolloClient): Map<string, KeptList> {
  const lists = kept.get(client) ?? new Map<string, KeptList>();
  kept.set(client, lists);
  return lists;
}

export const recall = (client: ApolloClient, key: string): KeptList | undefined => listsOf(client).get(key);

/** Stores the list as the newest, and drops the oldest one, with the tasks in the cache that no other list shows. */
export function keep(client: ApolloClient, key: string, changes: Partial<KeptList>): void {
  const lists = listsOf(client);
  const before = lists.get(key);
  const pages = changes.pages ?? before?.pages;
  if (!pages) return;
  lists.delete(key);
  lists.set(key, {
    pages,
    offset: changes.offset ?? before?.offset ?? 0,
    active: changes.active ?? before?.active ?? null,
  });
  const gone = [before && before.pages !== pages ? before.pages : undefined];
  if (lists.size > LISTS_KEPT) {
    const oldest = lists.entries().next().value;
    if (oldest) {
      lists.delete(oldest[0]);
      gone.push(oldest[1].pages);
    }
  }
  for (const one of gone) if (one) forget(client, one);
}

function forget(client: ApolloClient, pages: Pages): void {
  const shown = new Set<string>();
  for (const { pages: other } of listsOf(client).values()) for (const { id } of other.entries) shown.add(id);
  const unseen = pages.entries.filter(({ id }) => !shown.has(id));
  if (unseen.length === 0) return;
  client.cache.batch({
    update: (cache) => {
      for (const { id } of unseen) cache.evict({ id: `Task:${id}` });
    },
  });
}
