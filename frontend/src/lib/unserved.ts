/** What waits in vain: queues that no worker takes from, and kinds that no worker of their queue knows. Pure. */

export interface WorkerOffer {
  readonly kinds: readonly string[];
  readonly queues: readonly string[];
  readonly isStopping: boolean;
}

export interface QueueDemand {
  readonly name: string;
  /** Messages in the broker; null while that is away. */
  readonly waiting: number | null;
  readonly workers: number;
  readonly oldestAt: string | null;
  readonly pausedAt: string | null;
}

export interface WaitingTask {
  readonly kind: string;
  readonly queue: string;
  readonly attempt: number;
  readonly runAt: string | null;
}

export interface Unserved {
  readonly queues: readonly { readonly name: string; readonly waiting: number }[];
  /** `isNowhere`: no worker at all knows it; else only none of its queue. `waiting` counts those that were looked at. */
  readonly kinds: readonly {
    readonly kind: string;
    readonly queue: string;
    readonly waiting: number;
    readonly isNowhere: boolean;
  }[];
}

/** `tasks` are some that wait. A paused queue waits because somebody wants it to. */
export function unserved(
  workers: readonly WorkerOffer[],
  queues: readonly QueueDemand[],
  tasks: readonly WaitingTask[],
  now: number,
): Unserved {
  const due = tasks.filter((task) => isDue(task, now));
  const isWaiting = ({ waiting, oldestAt }: QueueDemand): boolean => (waiting ?? 0) > 0 || oldestAt !== null;
  const abandoned = queues.filter((queue) => queue.workers === 0 && queue.pausedAt === null && isWaiting(queue));
  return {
    queues: abandoned.map(({ name, waiting }) => ({
      name,
      waiting: Math.max(waiting ?? 0, due.filter(({ queue }) => queue === name).length),
    })),
    kinds: unknownKinds(
      workers.filter(({ isStopping }) => !isStopping),
      due,
    ),
  };
}

/** One that was tried is due in any case: an unknown kind is tried again later and later. */
const isDue = ({ attempt, runAt }: WaitingTask, now: number): boolean =>
  attempt > 0 || runAt === null || Date.parse(runAt) <= now;

function unknownKinds(workers: readonly WorkerOffer[], due: readonly WaitingTask[]): Unserved["kinds"] {
  const found = new Map<string, Unserved["kinds"][number]>();
  for (const { kind, queue } of due) {
    const takers = workers.filter(({ queues }) => queues.includes(queue));
    if (takers.length === 0 || takers.some(({ kinds }) => kinds.includes(kind))) continue;
    const key = JSON.stringify([kind, queue]);
    const isNowhere = !workers.some(({ kinds }) => kinds.includes(kind));
    found.set(key, { kind, queue, waiting: (found.get(key)?.waiting ?? 0) + 1, isNowhere });
  }
  return [...found.values()];
}
