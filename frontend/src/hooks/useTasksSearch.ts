/** The state of the list in the URL: its filter, its order, the peeked task; and the functions that change them. */
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
  /** The key of the list that the query fetches. */
  readonly key: string;
  /** With `isTyping` the history entry is replaced, not added. */
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
  /** Requests the tasks before the page renders again. */
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
