/** The known kinds and queues, as suggestions of a field. Fetched when the field is opened. */
import { skipToken, useQuery } from "@apollo/client/react";
import { SuggestionsDocument } from "@/generated/graphql";

export interface Suggestions {
  readonly kinds: readonly string[];
  readonly queues: readonly string[];
}

export function useSuggestions(isWanted = true): Suggestions {
  const { data } = useQuery(SuggestionsDocument, isWanted ? { fetchPolicy: "cache-and-network" } : skipToken);
  return { kinds: data?.kinds ?? [], queues: (data?.queues ?? []).map(({ name }) => name) };
}
