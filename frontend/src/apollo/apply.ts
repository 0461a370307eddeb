/** Writes a batch of events into the cache: only tasks that are there, and never an older state over a newer. */
import type { ApolloCache } from "@apollo/client";
import { LiveTaskFragmentDoc, type LiveTaskFragment } from "@/generated/graphql";
import { spanMs } from "@/lib/instants";
import { isEnded } from "@/lib/status";
import type { Batch, StreamEvent } from "./events";

export interface Applied {
  /** Tasks whose versions show a hole: what lies in it has to be asked for. */
  readonly gaps: readonly string[];
}

export function applyBatch(cache: ApolloCache, batch: Batch): Applied {
  const gaps: string[] = [];
  cache.batch({
    update: (inside) => {
      for (const [taskId, { event, earlier, unbrokenFrom }] of batch.changes) {
        const place = { id: `Task:${taskId}`, fragment: LiveTaskFragmentDoc, fragmentName: "LiveTask" };
        const known = inside.readFragment({ ...place, returnPartialData: true });
        if (known?.version === undefined || event.version < known.version) continue;
        if (unbrokenFrom > known.version + 1) gaps.push(taskId);
        const news = [...earlier, event].filter(({ version }) => version >= known.version);
        inside.writeFragment({ ...place, data: news.reduce(advance, known) });
      }
    },
  });
  return { gaps };
}

/** The task after the event. */
export function advance(task: LiveTaskFragment, event: StreamEvent): LiveTaskFragment {
  const { status, message, attempt, progress, version, updatedAt } = event;
  const next = { ...task, status, message, attempt, progress, version, updatedAt };
  return version === task.version ? next : { ...next, ...entailed(task, event) };
}

type Move = Pick<StreamEvent, "status" | "attempt" | "updatedAt">;
type Entailed = Pick<LiveTaskFragment, "startedAt" | "finishedAt" | "durationMs" | "runAt" | "maxAttempts">;

/** What an event does not carry, as far as it follows from where the task goes: the same as in db/lifecycle.py. */
export function entailed(task: LiveTaskFragment, { status, attempt, updatedAt }: Move): Entailed {
  const isRunning = task.status === "PROCESSING";
  const begins = status === "PROCESSING" && !(isRunning && attempt === task.attempt);
  const ends = isRunning && status !== "PROCESSING" && task.startedAt !== null;
  const isAskedFor = status === "PENDING" && isEnded(task.status);
  /** Its next attempt has a date, which only the task itself tells. */
  const hasFailed = status === "PENDING" && isRunning && attempt === task.attempt;
  return {
    startedAt: begins ? updatedAt : task.startedAt,
    finishedAt: isEnded(status) ? updatedAt : null,
    durationMs: begins ? null : ends ? spanMs(task.startedAt, updatedAt) : task.durationMs,
    runAt: isAskedFor || hasFailed ? null : task.runAt,
    maxAttempts: Math.max(task.maxAttempts, isAskedFor ? attempt + 1 : attempt),
  };
}
