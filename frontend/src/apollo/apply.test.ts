import { expect, test } from "vitest";
import { TaskRow_taskFragmentDoc, type TaskRow_taskFragment } from "@/generated/graphql";
import { makeEvent } from "@/testing/events";
import { makeTask } from "@/testing/tasks";
import { applyBatch } from "./apply";
import { createCache } from "./cache";
import { EventBuffer, type StreamEvent } from "./events";

const TASK = makeTask("PENDING");

function after(task: TaskRow_taskFragment, ...events: readonly Partial<StreamEvent>[]) {
  const cache = createCache();
  const place = { id: `Task:${task.id}`, fragment: TaskRow_taskFragmentDoc, fragmentName: "TaskRow_task" };
  cache.writeFragment({ ...place, data: task });
  const buffer = new EventBuffer();
  for (const event of events) buffer.push(makeEvent({ taskId: task.id, ...event }));
  const applied = applyBatch(cache, buffer.take());
  return { task: cache.readFragment(place), gaps: applied.gaps, cache };
}

test("a task in the cache follows its events, and what they do not carry follows from them", () => {
  const { task, gaps } = after(
    TASK,
    { status: "PROCESSING", version: 2, attempt: 1, updatedAt: "2026-03-01T09:00:01.000000Z" },
    { status: "PROCESSING", version: 2, attempt: 1, progress: 0.5, updatedAt: "2026-03-01T09:00:02.000000Z" },
  );
  expect(task).toMatchObject({ status: "PROCESSING", version: 2, attempt: 1, progress: 0.5 });
  expect(gaps).toEqual([]);
});

test("an end has an instant and a duration", () => {
  const { task } = after(makeTask("PROCESSING"), {
    status: "DONE",
    version: 3,
    attempt: 1,
    updatedAt: "2026-03-01T09:00:03.500900Z",
  });
  expect(task).toMatchObject({ status: "DONE", finishedAt: "2026-03-01T09:00:03.500900Z", durationMs: 2_500 });
});

test("a run that began and ended within one batch has its instants, too", () => {
  const { task } = after(
    TASK,
    { status: "PROCESSING", version: 2, attempt: 1, updatedAt: "2026-03-01T09:00:01.000000Z" },
    { status: "PROCESSING", version: 2, attempt: 1, progress: 0.5, updatedAt: "2026-03-01T09:00:01.010000Z" },
    { status: "DONE", version: 3, attempt: 1, updatedAt: "2026-03-01T09:00:01.040000Z" },
  );
  expect(task).toMatchObject({ startedAt: "2026-03-01T09:00:01.000000Z", durationMs: 40 });
});

test("a retry takes the end and the date away, and allows one more attempt", () => {
  const { task } = after(makeTask("FAILED", { runAt: "2026-03-01T08:59:00.000000Z" }), {
    status: "PENDING",
    version: 8,
    attempt: 3,
  });
  expect(task).toMatchObject({ status: "PENDING", finishedAt: null, runAt: null, durationMs: 2_500, maxAttempts: 4 });
});

test("a run keeps the date that it waited for", () => {
  const runAt = "2026-03-01T09:00:05.000000Z";
  const { task } = after(makeTask("PENDING", { runAt }), { status: "PROCESSING", version: 2, attempt: 1 });
  expect(task?.runAt).toBe(runAt);
});

test("after an attempt that failed its own date no longer holds; one that was given back keeps it", () => {
  const running = makeTask("PROCESSING", { runAt: "2026-03-01T09:00:00.500000Z" });
  const failed = after(running, { status: "PENDING", version: 3, attempt: 1 });
  expect(failed.task).toMatchObject({ runAt: null, finishedAt: null });
  const givenBack = after(running, { status: "PENDING", version: 3, attempt: 0 });
  expect(givenBack.task?.runAt).toBe(running.runAt);
});

test("a request to cancel does not begin the run anew", () => {
  const running = makeTask("PROCESSING");
  const { task } = after(running, { status: "PROCESSING", version: 3, attempt: 1 });
  expect(task?.startedAt).toBe(running.startedAt);
});

test("an older event never overwrites a newer state", () => {
  const { task } = after(makeTask("DONE"), { status: "PROCESSING", version: 2, attempt: 1 });
  expect(task?.status).toBe("DONE");
});

test("a gap in versions is applied, and reported to be healed", () => {
  const { task, gaps } = after(TASK, { status: "FAILED", version: 5, attempt: 2 });
  expect(task?.status).toBe("FAILED");
  expect(gaps).toEqual([TASK.id]);
});

test("a task that is not in the cache is not added to it", () => {
  const { cache } = after(TASK, { taskId: "unknown", status: "DONE", version: 3 });
  expect(cache.extract()).not.toHaveProperty(["Task:unknown"]);
});
