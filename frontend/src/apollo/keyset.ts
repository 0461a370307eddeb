/** How keyset pages become one list of ids. Pure. The tasks themselves are in the cache, where each row reads its own.
 *
 * The list is kept outside the cache, not in a field of it: Apollo goes over the whole field at each write and read, which
 * at 20,000 rows takes longer than fetching the page did.
 */

export interface Entry {
  readonly id: string;
  readonly cursor: string;
}

export interface Pages {
  readonly entries: readonly Entry[];
  readonly hasMore: boolean;
  /** The cursor after which more are loaded. */
  readonly end: string | null;
  /** Where a search stopped early, so that there may be more although a page was not full. */
  readonly searchedUntil: string | null;
}

/** Inserts a page after the cursor `after`; or, without one, as the first page, and keeps the rows that it overlaps. */
export function joinPages(existing: Pages | undefined, incoming: Pages, after: string | null): Pages {
  if (!existing) return incoming;
  if (after === null) return joinHead(existing, incoming);
  const at = existing.entries.findLastIndex(({ cursor }) => cursor === after);
  const kept = at < 0 ? existing.entries : existing.entries.slice(0, at + 1);
  const { hasMore, end, searchedUntil } = incoming;
  return { entries: [...kept, ...unknownIn(kept, incoming.entries)], hasMore, end, searchedUntil };
}

function joinHead(existing: Pages, incoming: Pages): Pages {
  const last = incoming.entries.at(-1)?.id;
  const at = existing.entries.findIndex(({ id }) => id === last);
  const isBarren = last === undefined && incoming.searchedUntil !== null; // what was found further down is still there
  if (!isBarren && (at < 0 || !incoming.hasMore)) return incoming;
  const tail = unknownIn(incoming.entries, existing.entries.slice(at + 1));
  const entries = [...incoming.entries, ...tail];
  const isSame =
    entries.length === existing.entries.length && entries.every(({ id }, n) => id === existing.entries[n]?.id);
  if (isSame) return existing;
  const { hasMore, end, searchedUntil } = tail.length > 0 ? existing : incoming;
  return { entries, hasMore, end, searchedUntil };
}

/** The first `count` entries: the rows behind them can be loaded again. */
export function cut(pages: Pages, most: number): Pages {
  const entries = pages.entries.slice(0, most);
  const end = entries.at(-1)?.cursor ?? null;
  return pages.entries.length <= most ? pages : { entries, hasMore: true, end, searchedUntil: null };
}

function unknownIn(known: readonly Entry[], entries: readonly Entry[]): readonly Entry[] {
  const seen = new Set(known.map(({ id }) => id));
  return entries.filter(({ id }) => !seen.has(id));
}
