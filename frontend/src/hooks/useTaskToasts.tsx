/** Shows a toast for each task that changes; while many change, one toast that counts them. */
import type { ApolloClient } from "@apollo/client";
import { useApolloClient } from "@apollo/client/react";
import { notifications, notificationsStore } from "@mantine/notifications";
import { useNavigate } from "@tanstack/react-router";
import { type ReactNode, useRef } from "react";
import { addTallies, EMPTY_TALLY, type Batch, type StreamEvent, type Tally } from "@/apollo/events";
import { TaskToast } from "@/components/TaskToast";
import { ToastTaskDocument } from "@/generated/graphql";
import { usePreferences, type ToastStyle } from "@/lib/preferences";
import { describeTally, FAILURES, PARTS } from "@/lib/tally";
import { useBatches } from "./live";
import { useThrottled } from "./useThrottled";

const FEW = 2;
const WINDOW_MS = 1_000;
const RECOUNT_MS = 500;
const BURST_SHOWN_MS = 4_000;
const ONE_SHOWN_MS = 5_000;
const BURST = "burst";

interface Window {
  readonly began: number;
  readonly tasks: Set<string>;
  tally: Tally;
}

const windowFrom = (began: number): Window => ({ began, tasks: new Set(), tally: EMPTY_TALLY });

export function useTaskToasts(): void {
  const client = useApolloClient();
  const navigate = useNavigate();
  const { toasts } = usePreferences();
  const recent = useRef(windowFrom(0));
  const burst = useRef<{ tally: Tally; until: number }>({ tally: EMPTY_TALLY, until: 0 });
  const closing = useRef<ReturnType<typeof setTimeout>>(undefined);

  const open = (taskId: string): void => void navigate({ to: "/task/$taskId", params: { taskId } });
  const recount = useThrottled(() => showBurst(burst.current.tally, toasts), RECOUNT_MS);

  useBatches((batch) => {
    const told = tellable(batch, toasts);
    if (told.length === 0) return;
    const now = Date.now();
    if (now - recent.current.began > WINDOW_MS) recent.current = windowFrom(now);
    for (const event of told) recent.current.tasks.add(event.taskId);
    recent.current.tally = addTallies(recent.current.tally, batch.tally);
    const isBurst = recent.current.tasks.size > FEW || now < burst.current.until;
    if (isBurst) {
      const isOn = now < burst.current.until; // else the count begins with the tasks that had a toast each
      const tally = isOn ? addTallies(burst.current.tally, batch.tally) : recent.current.tally;
      burst.current = { tally, until: now + BURST_SHOWN_MS };
      recount();
      clearTimeout(closing.current);
      closing.current = setTimeout(() => notifications.hide(BURST), BURST_SHOWN_MS);
    } else {
      for (const event of told) void showOne(client, event, open);
    }
  });
}

/** The events that have a toast: a creation, and each of the three final statuses. */
function tellable(batch: Batch, style: ToastStyle): readonly StreamEvent[] {
  if (style === "none") return [];
  return [...batch.changes.values()]
    .map(({ event }) => event)
    .filter(({ status, version }) => {
      if (style === "failures") return status === "FAILED";
      return status !== "PROCESSING" && (status !== "PENDING" || version === 1);
    });
}

function showBurst(tally: Tally, style: ToastStyle): void {
  const text = describeTally(tally, style === "failures" ? FAILURES : PARTS);
  if (text !== null) show(BURST, text, false, "off");
}

async function showOne(client: ApolloClient, event: StreamEvent, onOpen: (id: string) => void): Promise<void> {
  const { data } = await client
    .query({ query: ToastTaskDocument, variables: { id: event.taskId }, fetchPolicy: "cache-first" })
    .catch(() => ({ data: null }));
  const title = data?.task?.title;
  if (title === undefined) return;
  const { taskId, status, version } = event;
  const message = <TaskToast id={taskId} title={title} status={status} isNew={version === 1} onOpen={onOpen} />;
  show(`task-${taskId}`, message, ONE_SHOWN_MS, "polite");
}

/** One toast with one id: the next toast with that id replaces it. */
function show(id: string, message: ReactNode, autoClose: number | false, live: "polite" | "off"): void {
  const toast = { id, message, autoClose, withBorder: true, role: "status", "aria-live": live, color: "gray" } as const;
  const isShown = notificationsStore.getState().notifications.some((one) => one.id === id);
  if (isShown) notifications.update(toast);
  else notifications.show(toast);
}
