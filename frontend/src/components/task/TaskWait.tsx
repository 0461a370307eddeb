/** What a pending task waits for, updated each second. Renders nothing until the task's date is known. */
import { useQuery } from "@apollo/client/react";
import type { ReactElement } from "react";
import { type TaskHead_taskFragment, TaskWaitDocument } from "@/generated/graphql";
import { useIsBehind } from "@/hooks/useLiveTask";
import { useNow } from "@/lib/clock";
import { usePreferences } from "@/lib/preferences";
import { waitingFor } from "@/lib/waiting";

const ASK_AGAIN_MS = 4_000;

export function TaskWait({ task }: { readonly task: TaskHead_taskFragment }): ReactElement | null {
  const now = useNow();
  const { time } = usePreferences();
  const isBehind = useIsBehind(task.id);
  const { data } = useQuery(TaskWaitDocument, {
    pollInterval: ASK_AGAIN_MS,
    fetchPolicy: "cache-and-network",
    skipPollAttempt: () => document.hidden,
  });
  const waiter = { ...task, errorType: task.error?.type ?? null };
  const sentence = waitingFor(waiter, data?.queues ?? null, now, time === "utc" ? "utc" : "local");
  if (!sentence || isBehind) return null;
  return <span data-stuck={sentence.isStuck || undefined}>{sentence.text}</span>;
}
