/** The page of all tasks, live: tabs, filter, table, peek. */
import { useNavigate } from "@tanstack/react-router";
import { type ReactElement, useCallback, useRef } from "react";
import { Banners } from "@/components/banners/Banners";
import { BulkBar } from "@/components/list/BulkBar";
import { FilterBar } from "@/components/list/FilterBar";
import { ListPanel } from "@/components/list/ListPanel";
import { PeekPanel } from "@/components/list/PeekPanel";
import { StatusTabs, type Tab } from "@/components/list/StatusTabs";
import { useBulk } from "@/hooks/useBulk";
import { useListKeys } from "@/hooks/useListKeys";
import { useListPlace } from "@/hooks/useListPlace";
import { useListSelection } from "@/hooks/useListSelection";
import { usePeekTabOrder } from "@/hooks/usePeekTabOrder";
import { useTaskList } from "@/hooks/useTaskList";
import { useTasksSearch } from "@/hooks/useTasksSearch";
import { useTitle } from "@/hooks/useTitle";
import { STATUS } from "@/lib/status";
import type { TasksSearch } from "@/lib/tasksSearch";
import classes from "./TasksPage.module.css";

const PANEL = "task-list";
const NONE: readonly string[] = [];

export function TasksPage(): ReactElement {
  const { search, query, key, filterBy, clear, peek } = useTasksSearch();
  const place = useListPlace(key);
  const list = useTaskList({ ...query, isAtTop: place.isAtTop });
  const ids = list.ids ?? NONE;
  const selection = useListSelection(key, ids);
  const bulk = useBulk(selection.ids, selection.clear);
  const searchBox = useRef<HTMLInputElement>(null);
  const split = useRef<HTMLDivElement>(null);
  usePeekTabOrder(split, search.peek !== undefined);
  const onOpen = useOpenTask();
  const keys = useListKeys({
    listKey: key,
    ids,
    selection,
    peeked: search.peek,
    searchBox,
    onPeek: peek,
    onOpen,
    onBulk: bulk.start,
  });
  const onTab = useCallback((tab: Tab) => filterBy(statusOf(tab)), [filterBy]);
  const onPeekRow = useCallback((id: string) => peek(id === search.peek ? undefined : id), [peek, search.peek]);
  const tab = tabOf(search);
  useTitle(tab === null || tab === "ALL" ? "Tasks" : `${STATUS[tab].word} tasks`);

  return (
    <div className={classes["page"]}>
      <h1 className={classes["hidden"]}>Tasks</h1>
      <div className={classes["tabs"]}>
        <StatusTabs current={tab} controls={PANEL} onChange={onTab} />
      </div>
      <FilterBar search={search} searchBox={searchBox} onChange={filterBy} onClear={clear} />
      <Banners isFlush />
      <BulkBar ids={selection.ids} bulk={bulk} onClear={selection.clear} />
      <div ref={split} className={classes["split"]}>
        <ListPanel
          id={PANEL}
          search={search}
          list={list}
          place={place}
          selection={selection}
          keys={keys}
          onFilter={filterBy}
          onClear={clear}
          onPeek={onPeekRow}
          onOpen={onOpen}
        />
        {search.peek !== undefined && <PeekPanel id={search.peek} onClose={() => peek(undefined)} />}
      </div>
    </div>
  );
}

function useOpenTask(): (taskId: string) => void {
  const navigate = useNavigate();
  return useCallback((taskId) => void navigate({ to: "/task/$taskId", params: { taskId } }), [navigate]);
}

function tabOf({ status }: TasksSearch): Tab | null {
  if (status === undefined) return "ALL";
  return status.length === 1 && status[0] ? status[0] : null;
}

const statusOf = (tab: Tab): Partial<TasksSearch> => ({ status: tab === "ALL" ? undefined : [tab] });
