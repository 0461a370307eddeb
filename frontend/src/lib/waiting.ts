/** What a task waits for, in a sentence; null of one that runs or has ended. Pure. */
import type { TaskStatus } from "@/generated/graphql";
import { formatDuration, formatInstant, plural } from "./format";

export interface Waiter {
  readonly status: TaskStatus;
  readonly queue: string;
  readonly attempt: number;
  readonly maxAttempts: number;
  readonly runAt: string | null;
  readonly errorType: string | null;
}

export interface QueueNow {
  readonly waiting: number | null;
  readonly running: number;
}

export interface Sentence {
  readonly text: string;
  /** Whether no worker seems to take from the queue. */
  readonly isStuck: boolean;
}

export function waitingFor(task: Waiter, queue: QueueNow | null, now: number, zone: "utc" | "local"): Sentence | null {
  if (task.status !== "PENDING") return null;
  const due = task.runAt === null ? now : Date.parse(task.runAt);
  if (due > now) {
    const wait = due - now < 1_000 ? "in a moment" : `in ${formatDuration(Math.floor((due - now) / 1_000) * 1_000)}`;
    if (task.errorType !== null) {
      return sure(`Attempt ${task.attempt + 1} of ${task.maxAttempts} starts ${wait}, after ${task.errorType}.`);
    }
    return sure(`Scheduled: it starts ${wait}, at ${formatInstant(task.runAt ?? "", zone)}.`);
  }
  if (!queue) return sure(`It waits for a worker that takes from the queue ${task.queue}.`);
  if (queue.waiting !== null && queue.waiting > 0 && queue.running === 0) {
    return {
      text: `It waits for a worker: ${plural(queue.waiting, "message waits", "messages wait")} in the queue ${task.queue}, and nothing of it runs.`,
      isStuck: true,
    };
  }
  if (queue.running > 0) {
    return sure(`It waits for a free place: ${plural(queue.running, "task")} of the queue ${task.queue} run now.`);
  }
  return sure(`It is on its way to a worker of the queue ${task.queue}.`);
}

const sure = (text: string): Sentence => ({ text, isStuck: false });
