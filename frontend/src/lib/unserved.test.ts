import { expect, test } from "vitest";
import { type QueueDemand, unserved, type WaitingTask, type WorkerOffer } from "./unserved";

const NOW = Date.parse("2026-03-01T09:00:00Z");
const worker = (changes: Partial<WorkerOffer> = {}): WorkerOffer => ({
  kinds: ["message"],
  queues: ["default"],
  isStopping: false,
  ...changes,
});
const queue = (changes: Partial<QueueDemand> = {}): QueueDemand => ({
  name: "nightly",
  waiting: 3,
  workers: 0,
  oldestAt: "2026-03-01T08:59:00Z",
  pausedAt: null,
  ...changes,
});
const task = (changes: Partial<WaitingTask> = {}): WaitingTask => ({
  kind: "message",
  queue: "default",
  attempt: 0,
  runAt: null,
  ...changes,
});

test.each<[string, Partial<QueueDemand>, number | null]>([
  ["messages wait and no worker takes", {}, 3],
  ["the broker is away, a task is due", { waiting: null }, 0],
  ["a worker takes", { workers: 1 }, null],
  ["nothing waits", { waiting: 0, oldestAt: null }, null],
  ["it is paused", { pausedAt: "2026-03-01T08:00:00Z" }, null],
])("a queue, when %s", (_, changes, waiting) => {
  const { queues } = unserved([worker()], [queue(changes)], [], NOW);
  expect(queues).toEqual(waiting === null ? [] : [{ name: "nightly", waiting }]);
});

test("a kind that no worker knows is told with how many wait, one that only others know with its queue", () => {
  const workers = [worker(), worker({ kinds: ["resize"], queues: ["images"] })];
  const tasks = [task({ kind: "mail" }), task({ kind: "mail" }), task({ kind: "resize" }), task()];
  expect(unserved(workers, [], tasks, NOW).kinds).toEqual([
    { kind: "mail", queue: "default", waiting: 2, isNowhere: true },
    { kind: "resize", queue: "default", waiting: 1, isNowhere: false },
  ]);
});

test.each<[string, readonly WorkerOffer[], Partial<WaitingTask>, number]>([
  ["its first run is still to come", [worker()], { runAt: "2026-03-01T10:00:00Z" }, 0],
  ["its retry is still to come", [worker()], { runAt: "2026-03-01T10:00:00Z", attempt: 1 }, 1],
  ["nobody takes from its queue, which is said instead", [], {}, 0],
  ["the only worker that knows it stops", [worker({ kinds: ["mail"], isStopping: true }), worker()], {}, 1],
])("a kind nobody knows, when %s", (_, workers, changes, count) => {
  expect(unserved(workers, [], [task({ kind: "mail", ...changes })], NOW).kinds).toHaveLength(count);
});
