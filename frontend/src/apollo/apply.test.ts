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
    updatedAt: "2026-03-01T09:00:03.500000Z",
  });
  expect(task).toMatchObject({ status: "DONE", finishedAt: "2026-03-01T09:00:03.500000Z", durationMs: 2_500 });
});

test("a retry takes the end away", () => {
  const { task } = after(makeTask("FAILED"), { status: "PENDING", version: 8, attempt: 3 });
  expect(task).toMatchObject({ status: "PENDING", finishedAt: null });
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

test("a task that nobody looks at is not put into the cache", () => {
  const { cache } = after(TASK, { taskId: "unknown", status: "DONE", version: 3 });
  expect(cache.extract()).not.toHaveProperty(["Task:unknown"]);
});
