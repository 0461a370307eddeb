/** What the list shows, as the address says it: the filter, the order, the task that is peeked at; and how each changes. */
import { useApolloClient } from "@apollo/client/react";
import { getRouteApi } from "@tanstack/react-router";
import { useCallback, useState } from "react";
import { keyOf, type ListQuery, loadAhead } from "@/apollo/tasksPage";
import type { TaskFilter } from "@/generated/graphql";
import { present, useNow } from "@/lib/clock";
import { NO_FILTER, stripUndefined, type TasksSearch, toFilter, toOrder, toQuery } from "@/lib/tasksSearch";

interface TasksSearchState {
  readonly search: TasksSearch;
  readonly query: ListQuery;
  /** Of the list that the query asks for. */
  readonly key: string;
  /** `isTyping` replaces the address rather than adding to the history. */
  readonly filterBy: (changes: Partial<TasksSearch>, isTyping?: boolean) => void;
  readonly clear: () => void;
  readonly peek: (id: string | undefined) => void;
}

const route = getRouteApi("/");

export function useTasksSearch(): TasksSearchState {
  const search = route.useSearch();
  const change = useChange();
  const query = { filter: useFilter(search), orderBy: toOrder(search) };
  const key = keyOf(query);
  const client = useApolloClient();
  /** The tasks are under way before the page renders anew. */
  const filterBy = useCallback(
    (changes: Partial<TasksSearch>, isTyping = false): void => {
      const next = toQuery({ ...search, ...changes }, present());
      if (keyOf(next) !== key) void loadAhead(client, next);
      change(changes, isTyping);
    },
    [client, change, search, key],
  );
  const clear = useCallback(() => filterBy(NO_FILTER), [filterBy]);
  const peek = useCallback((id: string | undefined) => change({ peek: id }, true), [change]);
  return { search, query, key, filterBy, clear, peek };
}

function useChange(): (changes: Partial<TasksSearch>, replace: boolean) => void {
  const navigate = route.useNavigate();
  return useCallback(
    (changes, replace) => void navigate({ search: (before) => stripUndefined({ ...before, ...changes }), replace }),
    [navigate],
  );
}

/** The same object until the filter changes; a span of time that ends now begins when it was chosen. */
function useFilter({ peek: _peek, ...search }: TasksSearch): TaskFilter | null {
  const key = JSON.stringify(search);
  const now = useNow(false);
  const [fixed, setFixed] = useState(() => ({ key, filter: toFilter(search, now) }));
  if (fixed.key === key) return fixed.filter;
  const next = { key, filter: toFilter(search, now) };
  setFixed(next);
  return next.filter;
}
