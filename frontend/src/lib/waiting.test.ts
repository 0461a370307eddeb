import { expect, test } from "vitest";
import { type Waiter, waitingFor } from "./waiting";

const NOW = Date.parse("2026-03-01T09:00:00Z");
const WAITER: Waiter = { status: "PENDING", queue: "bank", attempt: 1, maxAttempts: 5, runAt: null, errorType: null };
const IDLE = { waiting: 0, running: 0 };

test.each([
  [{ runAt: "2026-03-01T09:05:30Z" }, IDLE, "Scheduled: it starts in 5 m 30 s"],
  [
    { runAt: "2026-03-01T09:00:12Z", errorType: "TimeoutError" },
    IDLE,
    "Attempt 2 of 5 starts in 12 s, after TimeoutError.",
  ],
  [
    { runAt: "2026-03-01T08:00:00Z" },
    { waiting: 3, running: 8 },
    "It waits for a free place: 8 tasks of the queue bank run now.",
  ],
  [{}, null, "It waits for a worker that takes from the queue bank."],
  [{}, IDLE, "It is on its way to a worker of the queue bank."],
])("%j with %j: %s", (changes, queue, text) => {
  expect(waitingFor({ ...WAITER, ...changes }, queue, NOW, "utc")?.text).toContain(text);
});

test("messages that nobody takes are a sign that something is stuck", () => {
  expect(waitingFor(WAITER, { waiting: 3, running: 0 }, NOW, "utc")).toMatchObject({ isStuck: true });
});

test("a task that runs or has ended waits for nothing", () => {
  expect(waitingFor({ ...WAITER, status: "PROCESSING" }, IDLE, NOW, "utc")).toBeNull();
  expect(waitingFor({ ...WAITER, status: "DONE" }, IDLE, NOW, "utc")).toBeNull();
});
