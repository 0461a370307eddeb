import { expect, test } from "vitest";
import { type QueueNow, type Waiter, waitingFor } from "./waiting";

const NOW = Date.parse("2026-03-01T09:00:00Z");
const WAITER: Waiter = {
  status: "PENDING",
  queue: "bank",
  attempt: 1,
  maxAttempts: 5,
  runAt: null,
  updatedAt: "2026-03-01T08:59:58Z",
  errorType: null,
};
const LONG_AGO = { updatedAt: "2026-03-01T08:00:00Z" };
const bank = (waiting: number | null, running = 0): readonly QueueNow[] => [{ name: "bank", waiting, running }];
const otherBusy: readonly QueueNow[] = [...bank(0), { name: "mail", waiting: 0, running: 1 }];

test.each<[Partial<Waiter>, readonly QueueNow[] | null, string]>([
  [{ runAt: "2026-03-01T09:05:30Z" }, bank(0), "Scheduled: it is due in 5 m 30 s, at 2026-03-01 09:05:30."],
  [{ runAt: "2026-03-01T09:00:12Z", errorType: "Timeout" }, bank(0), "Attempt 2 of 5 is due in 12 s, after Timeout."],
  [{}, null, "It waits for a worker that takes from the queue bank."],
  [{}, [], "It waits for a worker that takes from the queue bank."],
  [{}, bank(null), "It waits for a worker of the queue bank, and the broker does not answer."],
  [
    { runAt: "2026-03-01T08:00:00Z" },
    bank(3, 8),
    "It waits for a free worker: 3 messages wait in the queue bank, and 8 tasks of it run.",
  ],
  [{}, bank(1), "It waits for a worker: 1 message waits in the queue bank, and no task of it runs."],
])("%j with %j: %s", (changes, queues, text) => {
  expect(waitingFor({ ...WAITER, ...changes }, queues, NOW, "utc")?.text).toBe(text);
});

test("with an empty queue, a worker may have the task or nobody does: it says so while both are possible", () => {
  const either = "It is due: a worker of the queue bank has its message, or it waits to be published.";
  expect(waitingFor(WAITER, bank(0), NOW, "utc")?.text).toBe(either);
  expect(waitingFor({ ...WAITER, ...LONG_AGO }, bank(0, 1), NOW, "utc")?.text).toBe(either);
  expect(waitingFor({ ...WAITER, ...LONG_AGO }, otherBusy, NOW, "utc")?.text).toBe(either);
  const justDue = { ...WAITER, ...LONG_AGO, runAt: "2026-03-01T08:59:55Z" };
  expect(waitingFor(justDue, bank(0), NOW, "utc")?.text).toBe(either);
});

test("a task that is long due, with no message and no running task anywhere, waits to be published", () => {
  expect(waitingFor({ ...WAITER, ...LONG_AGO }, bank(0), NOW, "utc")).toEqual({
    text: "It waits to be published: the queue bank is empty, and no task runs. A worker that takes from it does that.",
    isStuck: true,
  });
});

test("messages that nobody takes are a sign that something is stuck", () => {
  expect(waitingFor(WAITER, bank(3), NOW, "utc")).toMatchObject({ isStuck: true });
  expect(waitingFor(WAITER, bank(3, 1), NOW, "utc")).toMatchObject({ isStuck: false });
});

test("a task that runs or has ended waits for nothing", () => {
  expect(waitingFor({ ...WAITER, status: "PROCESSING" }, bank(0), NOW, "utc")).toBeNull();
  expect(waitingFor({ ...WAITER, status: "DONE" }, bank(0), NOW, "utc")).toBeNull();
});
