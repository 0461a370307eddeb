/** The known kinds and queues, as suggestions of a field. Fetched when the field is opened. */
import { skipToken, useQuery } from "@apollo/client/react";
import { SuggestionsDocument } from "@/generated/graphql";

export interface Suggestions {
  readonly kinds: readonly string[];
  readonly queues: readonly string[];
  /** Those of the queues that are paused. */
  readonly paused: readonly string[];
}

export function useSuggestions(isWanted = true): Suggestions {
  const { data } = useQuery(SuggestionsDocument, isWanted ? { fetchPolicy: "cache-and-network" } : skipToken);
  const queues = data?.queues ?? [];
  const paused = queues.filter(({ pausedAt }) => pausedAt !== null);
  return { kinds: data?.kinds ?? [], queues: queues.map(({ name }) => name), paused: paused.map(({ name }) => name) };
}
