/** Writes a batch of events into the cache: only to tasks that are in it, and never an older state over a newer one. */
import type { ApolloCache } from "@apollo/client";
import { LiveTaskFragmentDoc, type LiveTaskFragment } from "@/generated/graphql";
import { spanMs } from "@/lib/instants";
import { isEnded } from "@/lib/status";
import type { Batch, StreamEvent } from "./events";

export interface Applied {
  /** Tasks with a gap in their versions, which have to be fetched. */
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

/** The fields that no event carries, as far as the new status implies them: the same rules as in db/lifecycle.py. */
export function entailed(task: LiveTaskFragment, { status, attempt, updatedAt }: Move): Entailed {
  const isRunning = task.status === "PROCESSING";
  const begins = status === "PROCESSING" && !(isRunning && attempt === task.attempt);
  const ends = isRunning && status !== "PROCESSING" && task.startedAt !== null;
  const isAskedFor = status === "PENDING" && isEnded(task.status);
  /** The next attempt has a date, which is in the task and in no event. */
  const hasFailed = status === "PENDING" && isRunning && attempt === task.attempt;
  return {
    startedAt: begins ? updatedAt : task.startedAt,
    finishedAt: isEnded(status) ? updatedAt : null,
    durationMs: begins ? null : ends ? spanMs(task.startedAt, updatedAt) : task.durationMs,
    runAt: isAskedFor || hasFailed ? null : task.runAt,
    maxAttempts: Math.max(task.maxAttempts, isAskedFor ? attempt + 1 : attempt),
  };
}
