/** A valid task in each status, as a base for a test's own. */
import type { TaskRow_taskFragment, TaskStatus } from "@/generated/graphql";

const CREATED = "2026-03-01T09:00:00.000000Z";
const STARTED = "2026-03-01T09:00:01.000000Z";
const FINISHED = "2026-03-01T09:00:03.500000Z";

const OF_STATUS: Record<TaskStatus, Partial<TaskRow_taskFragment>> = {
  PENDING: { attempt: 0, version: 1 },
  PROCESSING: { attempt: 1, version: 2, startedAt: STARTED, updatedAt: STARTED },
  DONE: { attempt: 1, version: 3, startedAt: STARTED, updatedAt: FINISHED, finishedAt: FINISHED, durationMs: 2500 },
  FAILED: { attempt: 3, version: 7, startedAt: STARTED, updatedAt: FINISHED, finishedAt: FINISHED, durationMs: 2500 },
  CANCELLED: { attempt: 0, version: 2, updatedAt: FINISHED, finishedAt: FINISHED },
};

export function makeTask(status: TaskStatus, changes: Partial<TaskRow_taskFragment> = {}): TaskRow_taskFragment {
  return {
    __typename: "Task",
    id: "01a20bbb-de30-72d0-bd15-de3fb28f88fa",
    title: "Resize album",
    kind: "progress",
    queue: "default",
    status,
    message: null,
    progress: null,
    attempt: 0,
    maxAttempts: 3,
    version: 1,
    createdAt: CREATED,
    updatedAt: CREATED,
    runAt: null,
    startedAt: null,
    finishedAt: null,
    durationMs: null,
    ...OF_STATUS[status],
    ...changes,
  };
}
