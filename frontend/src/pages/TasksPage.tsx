/** All tasks, live: tabs, filter, table, peek. Owns the list's query and its state in the URL. */
import { useApolloClient } from "@apollo/client/react";
import { Button } from "@mantine/core";
import { useMediaQuery } from "@mantine/hooks";
import { IconArrowUp } from "@tabler/icons-react";
import { getRouteApi, useNavigate } from "@tanstack/react-router";
import { type ReactElement, useCallback, useEffect, useRef, useState } from "react";
import { keep, recall } from "@/apollo/lists";
import { keyOf, loadAhead } from "@/apollo/tasksPage";
import { BulkBar } from "@/components/BulkBar";
import { FilterBar } from "@/components/FilterBar";
import { ListEmpty, ListError, ListFilteredEmpty, ListLoading } from "@/components/ListScreens";
import { PeekPanel } from "@/components/PeekPanel";
import { StatusTabs, type Tab } from "@/components/StatusTabs";
import { TaskTable } from "@/components/TaskTable";
import { useTitle } from "@/hooks/useTitle";
import { useBulk } from "@/hooks/useBulk";
import { useListKeys } from "@/hooks/useListKeys";
import { type TaskList, useTaskList } from "@/hooks/useTaskList";
import type { TaskFilter } from "@/generated/graphql";
import { present, useNow } from "@/lib/clock";
import { formatCount } from "@/lib/format";
import { extend, NOTHING_SELECTED, selectAll, type Selection, toggle } from "@/lib/selection";
import { STATUS } from "@/lib/status";
import { isFiltered, stripUndefined, type TasksSearch, toFilter, toOrder, toQuery } from "@/lib/tasksSearch";
import classes from "./TasksPage.module.css";

/** Pixels. */
const AT_TOP = 4;
const PANEL = "task-list";
const ROW_HEIGHT = 40;
const ROW_HEIGHT_NARROW = 52;
const NONE: readonly string[] = [];
const NO_FILTER: Partial<TasksSearch> = {
  status: undefined,
  kind: undefined,
  queue: undefined,
  q: undefined,
  range: undefined,
  from: undefined,
  to: undefined,
};

const route = getRouteApi("/");

export function TasksPage(): ReactElement {
  const { search, change } = useSearchState();
  const filter = useFilter(search);
  const orderBy = toOrder(search);
  const key = keyOf({ filter, orderBy });
  const place = usePlace(key);
  const list = useTaskList({ filter, orderBy, isAtTop: place.isAtTop });
  const ids = list.ids ?? NONE;
  const { selection, setSelection } = useSelectionOf(key);
  const shown = useRef(ids); // read by handlers alone, so that a longer list renders no row anew
  useEffect(() => {
    shown.current = ids;
  }, [ids]);
  const isNarrow = useMediaQuery("(max-width: 48em)");
  const scroller = useRef<HTMLDivElement>(null);
  const searchBox = useRef<HTMLInputElement>(null);

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
  const onTab = useCallback((tab: Tab) => filterBy(statusOf(tab)), [filterBy]);
  const peek = useCallback((id: string | undefined) => change({ peek: id }, true), [change]);
  const onToggle = useCallback(
    (id: string, isRange: boolean) =>
      setSelection((now) => (isRange ? extend(now, id, shown.current) : toggle(now, id))),
    [setSelection],
  );
  const navigate = useNavigate();
  const onOpen = useCallback(
    (taskId: string) => void navigate({ to: "/task/$taskId", params: { taskId } }),
    [navigate],
  );
  const clearSelection = useCallback(() => setSelection(NOTHING_SELECTED), [setSelection]);
  const tab = tabOf(search);
  useTitle(tab === null || tab === "ALL" ? "Tasks" : `${STATUS[tab].word} tasks`);
  const bulk = useBulk(selection.ids, clearSelection);
  const keys = {
    listKey: key,
    ids,
    selection,
    peeked: search.peek,
    searchBox,
    onToggle,
    onPeek: peek,
    onOpen,
    onBulk: bulk.start,
  };
  const { active, setActive } = useListKeys(keys);
  const onPeekRow = useCallback((id: string) => peek(id === search.peek ? undefined : id), [peek, search.peek]);
  const goToTop = (): void => {
    scroller.current?.scrollTo({ top: 0 });
    place.onScroll(0);
    list.reload();
  };

  return (
    <div className={classes["page"]}>
      <h1 className={classes["hidden"]}>Tasks</h1>
      <div className={classes["tabs"]}>
        <StatusTabs current={tab} controls={PANEL} onChange={onTab} />
      </div>
      <FilterBar search={search} searchBox={searchBox} onChange={filterBy} onClear={clear} />
      <BulkBar ids={selection.ids} bulk={bulk} onClear={clearSelection} />
      <div className={classes["split"]}>
        <div id={PANEL} role="tabpanel" aria-label="Tasks" className={classes["panel"]}>
          <NewerPill list={list} onClick={goToTop} />
          <StaleNote list={list} />
          {ids.length > 0 ? (
            <TaskTable
              key={list.key}
              offset={place.offset}
              ids={ids}
              hasMore={list.hasMore}
              isLoadingMore={list.isLoadingMore}
              isStale={list.isStale}
              rowHeight={isNarrow ? ROW_HEIGHT_NARROW : ROW_HEIGHT}
              sort={search.sort ?? "newest"}
              selection={selection}
              active={active}
              peeked={search.peek}
              scroller={scroller}
              onScroll={place.onScroll}
              onLoadMore={list.loadMore}
              onSort={() => filterBy({ sort: search.sort === "oldest" ? undefined : "oldest" })}
              onToggle={onToggle}
              onToggleAll={() =>
                setSelection((now) => (ids.every((id) => now.ids.has(id)) ? NOTHING_SELECTED : selectAll(now, ids)))
              }
              onActivate={setActive}
              onPeek={onPeekRow}
              onOpen={onOpen}
            />
          ) : (
            <NoRows list={list} isFiltered={isFiltered(search)} onClear={clear} />
          )}
        </div>
        {search.peek !== undefined && <PeekPanel id={search.peek} onClose={() => peek(undefined)} />}
      </div>
    </div>
  );
}

function NoRows(props: {
  readonly list: TaskList;
  readonly isFiltered: boolean;
  readonly onClear: () => void;
}): ReactElement {
  const { list, onClear } = props;
  if (list.error !== null) return <ListError reason={list.error} onRetry={list.reload} />;
  if (list.isStale || list.ids === undefined) return <ListLoading />;
  return props.isFiltered ? <ListFilteredEmpty onClear={onClear} /> : <ListEmpty />;
}

function NewerPill({ list, onClick }: { readonly list: TaskList; readonly onClick: () => void }): ReactElement | null {
  const { count, isMore } = list.newer;
  if (count === 0) return null;
  return (
    <Button
      className={classes["pill"] ?? ""}
      size="xs"
      radius="xl"
      leftSection={<IconArrowUp size={14} aria-hidden />}
      onClick={onClick}
    >
      {formatCount(count)}
      {isMore && "+"} new
    </Button>
  );
}

/** Rows are there, but the API is not: they are the last that was known. */
function StaleNote({ list }: { readonly list: TaskList }): ReactElement | null {
  if (list.error === null || list.ids === undefined || list.ids.length === 0) return null;
  return (
    <div className={classes["note"]} role="alert">
      These rows may be out of date: {list.error}.
      <Button size="compact-xs" variant="default" onClick={list.reload}>
        Try again
      </Button>
    </div>
  );
}

function tabOf({ status }: TasksSearch): Tab | null {
  if (status === undefined) return "ALL";
  return status.length === 1 && status[0] ? status[0] : null;
}

const statusOf = (tab: Tab): Partial<TasksSearch> => ({ status: tab === "ALL" ? undefined : [tab] });

function useSearchState(): {
  readonly search: TasksSearch;
  readonly change: (changes: Partial<TasksSearch>, replace?: boolean) => void;
} {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const change = useCallback(
    (changes: Partial<TasksSearch>, replace = false) =>
      void navigate({ search: (before) => stripUndefined({ ...before, ...changes }), replace }),
    [navigate],
  );
  return { search, change };
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

/** Where a list was left, and whether it is at its top. */
function usePlace(key: string): {
  readonly offset: number;
  readonly isAtTop: boolean;
  readonly onScroll: (offset: number) => void;
} {
  const client = useApolloClient();
  const offset = recall(client, key)?.offset ?? 0;
  const [moved, setMoved] = useState({ key, isAtTop: offset < AT_TOP });
  const onScroll = useCallback(
    (to: number) => {
      keep(client, key, { offset: to });
      setMoved((before) => {
        const next = { key, isAtTop: to < AT_TOP };
        return before.key === key && before.isAtTop === next.isAtTop ? before : next;
      });
    },
    [client, key],
  );
  return { offset, isAtTop: moved.key === key ? moved.isAtTop : offset < AT_TOP, onScroll };
}

/** A selection is of one filter: what another one hides must not be acted on. */
function useSelectionOf(key: string): {
  readonly selection: Selection;
  readonly setSelection: (change: Selection | ((now: Selection) => Selection)) => void;
} {
  const [state, setState] = useState({ key, selection: NOTHING_SELECTED });
  const selection = state.key === key ? state.selection : NOTHING_SELECTED;
  const setSelection = useCallback(
    (change: Selection | ((now: Selection) => Selection)) =>
      setState((before) => {
        const now = before.key === key ? before.selection : NOTHING_SELECTED;
        return { key, selection: typeof change === "function" ? change(now) : change };
      }),
    [key],
  );
  return { selection, setSelection };
}
