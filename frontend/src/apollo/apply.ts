/** Writes a batch of events into the cache: only tasks that are there, and never an older state over a newer. */
import type { ApolloCache } from "@apollo/client";
import { LiveTaskFragmentDoc, type LiveTaskFragment } from "@/generated/graphql";
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
      for (const [taskId, { event, unbrokenFrom }] of batch.changes) {
        const place = { id: `Task:${taskId}`, fragment: LiveTaskFragmentDoc, fragmentName: "LiveTask" };
        const known = inside.readFragment({ ...place, returnPartialData: true });
        if (known?.version === undefined || event.version < known.version) continue;
        if (unbrokenFrom > known.version + 1) gaps.push(taskId);
        inside.writeFragment({ ...place, data: advance(known, event) });
      }
    },
  });
  return { gaps };
}

/** The task after the event. What an event does not carry follows from it: when a run began, and how long it took. */
export function advance(task: LiveTaskFragment, event: StreamEvent): LiveTaskFragment {
  const { status, message, attempt, progress, version, updatedAt } = event;
  const next = { ...task, status, message, attempt, progress, version, updatedAt };
  if (version === task.version) return next;
  if (status === "PROCESSING") {
    return { ...next, startedAt: updatedAt, finishedAt: null, durationMs: null, runAt: null };
  }
  const ran =
    task.status === "PROCESSING" && task.startedAt ? Date.parse(updatedAt) - Date.parse(task.startedAt) : null;
  return {
    ...next,
    durationMs: ran === null ? task.durationMs : Math.max(0, ran),
    finishedAt: isEnded(status) ? updatedAt : null,
    runAt: status === "PENDING" && version > 1 ? null : task.runAt,
  };
}
