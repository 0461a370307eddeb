/** How pages of a keyset connection become one list. Pure. */
import type { FieldMergeFunction, Reference } from "@apollo/client";

interface Edge {
  readonly cursor: string;
  readonly node: Reference;
}

export interface StoredPage {
  readonly edges: readonly Edge[];
  readonly pageInfo: {
    readonly hasNextPage: boolean;
    readonly hasPreviousPage: boolean;
    readonly startCursor: string | null;
    readonly endCursor: string | null;
  };
}

interface Place {
  readonly after?: string | null;
  readonly before?: string | null;
}

/** A page `after` a cursor goes behind it; one without a place is the head, and keeps the tail that it overlaps. */
export function joinPages(existing: StoredPage | undefined, incoming: StoredPage, place: Place): StoredPage {
  if (!existing || (incoming.edges.length === 0 && !place.after && !place.before)) {
    return incoming;
  }
  if (place.after) {
    const at = existing.edges.findLastIndex((edge) => edge.cursor === place.after);
    const kept = at < 0 ? existing.edges : existing.edges.slice(0, at + 1);
    return withEnds(existing, [...kept, ...unknownIn(kept, incoming.edges)], {
      hasNextPage: incoming.pageInfo.hasNextPage,
    });
  }
  if (place.before) {
    return withEnds(existing, [...incoming.edges, ...unknownIn(incoming.edges, existing.edges)], {
      hasPreviousPage: incoming.pageInfo.hasPreviousPage,
    });
  }
  return joinHead(existing, incoming);
}

function joinHead(existing: StoredPage, incoming: StoredPage): StoredPage {
  const last = incoming.edges.at(-1)?.node.__ref;
  const at = existing.edges.findIndex((edge) => edge.node.__ref === last);
  if (at < 0 || !incoming.pageInfo.hasNextPage) {
    return incoming;
  }
  const tail = unknownIn(incoming.edges, existing.edges.slice(at + 1));
  return withEnds(existing, [...incoming.edges, ...tail], {
    hasNextPage: tail.length > 0 ? existing.pageInfo.hasNextPage : true,
    hasPreviousPage: incoming.pageInfo.hasPreviousPage,
  });
}

function unknownIn(known: readonly Edge[], edges: readonly Edge[]): readonly Edge[] {
  const seen = new Set(known.map((edge) => edge.node.__ref));
  return edges.filter((edge) => !seen.has(edge.node.__ref));
}

function withEnds(
  page: StoredPage,
  edges: readonly Edge[],
  ends: Partial<Pick<StoredPage["pageInfo"], "hasNextPage" | "hasPreviousPage">>,
): StoredPage {
  const startCursor = edges[0]?.cursor ?? null;
  const endCursor = edges.at(-1)?.cursor ?? null;
  return { ...page, edges, pageInfo: { ...page.pageInfo, ...ends, startCursor, endCursor } };
}

export const mergeTaskPages: FieldMergeFunction<StoredPage, StoredPage> = (existing, incoming, { args }) =>
  joinPages(existing, incoming, (args ?? {}) as Place);
