/** What a task waits for, in a sentence; null of one that runs or has ended. Pure.
 *
 * The API does not say whether a task's message is at the broker, so a sentence says no more than the counts prove.
 */
import type { TaskStatus } from "@/generated/graphql";
import { formatDuration, formatInstant, plural } from "./format";

/** By then a task that is due is with the broker or runs, and the counts, which are asked for now and then, show it. */
const TOO_LONG_MS = 10_000;

export interface Waiter {
  readonly status: TaskStatus;
  readonly queue: string;
  readonly attempt: number;
  readonly maxAttempts: number;
  readonly runAt: string | null;
  /** Of its last recorded change. */
  readonly updatedAt: string;
  readonly errorType: string | null;
}

export interface QueueNow {
  readonly name: string;
  /** Messages at the broker that no worker has; null while the broker does not answer. */
  readonly waiting: number | null;
  readonly running: number;
}

export interface Sentence {
  readonly text: string;
  /** Whether no worker seems to take from the queue. */
  readonly isStuck: boolean;
}

type Zone = "utc" | "local";

/** `queues` is null until they are known. */
export function waitingFor(task: Waiter, queues: readonly QueueNow[] | null, now: number, zone: Zone): Sentence | null {
  if (task.status !== "PENDING") return null;
  const due = task.runAt === null ? null : Date.parse(task.runAt);
  if (due !== null && due > now) return sure(untilDue(task, due - now, zone));
  const queue = queues?.find(({ name }) => name === task.queue);
  if (!queues || !queue) return sure(`It waits for a worker that takes from the queue ${task.queue}.`);
  if (queue.waiting === null) {
    return sure(`It waits for a worker of the queue ${task.queue}, and the broker does not answer.`);
  }
  if (queue.waiting > 0) return behindMessages(queue, queue.waiting);
  const dueSince = now - Math.max(due ?? 0, Date.parse(task.updatedAt));
  const isIdle = queues.every(({ running }) => running === 0);
  if (!isIdle || dueSince < TOO_LONG_MS) {
    return sure(`It is due: a worker of the queue ${task.queue} has its message, or it waits to be published.`);
  }
  return {
    text: `It waits to be published: the queue ${task.queue} is empty, and no task runs. A worker that takes from it does that.`,
    isStuck: true,
  };
}

function untilDue(task: Waiter, ms: number, zone: Zone): string {
  const wait = ms < 1_000 ? "in a moment" : `in ${formatDuration(Math.floor(ms / 1_000) * 1_000)}`;
  return task.errorType === null
    ? `Scheduled: it is due ${wait}, at ${formatInstant(task.runAt ?? "", zone)}.`
    : `Attempt ${task.attempt + 1} of ${task.maxAttempts} is due ${wait}, after ${task.errorType}.`;
}

function behindMessages({ name, running }: QueueNow, waiting: number): Sentence {
  const messages = `${plural(waiting, "message waits", "messages wait")} in the queue ${name}`;
  return running > 0
    ? sure(`It waits for a free worker: ${messages}, and ${plural(running, "task of it runs", "tasks of it run")}.`)
    : { text: `It waits for a worker: ${messages}, and no task of it runs.`, isStuck: true };
}

const sure = (text: string): Sentence => ({ text, isStuck: false });
