import { expect, test } from "vitest";
import { makeEvent } from "@/testing/events";
import { EventBuffer } from "./events";

const running = { status: "PROCESSING", version: 2, attempt: 1 } as const;
const done = { status: "DONE", version: 3, attempt: 1 } as const;

test("a batch has the newest event of each task, and counts every one", () => {
  const buffer = new EventBuffer();
  for (const event of [makeEvent(), makeEvent(running), makeEvent(done), makeEvent({ taskId: "b" })])
    buffer.push(event);
  const batch = buffer.take();
  expect([...batch.changes].map(([id, { event }]) => [id, event.version])).toEqual([["a", 3], ["b", 1]]); // prettier-ignore
  expect(batch.tally).toMatchObject({ created: 2, PENDING: 2, PROCESSING: 1, DONE: 1, FAILED: 0 });
  expect(buffer.isEmpty).toBe(true);
});

test("what a batch passes over on the way to the newest is kept, but for progress", () => {
  const buffer = new EventBuffer();
  const events = [makeEvent(running), makeEvent({ ...running, progress: 0.5 }), makeEvent(done)];
  for (const event of events) buffer.push(event);
  expect(buffer.take().changes.get("a")?.earlier).toEqual([events[0]]);
});

test("what was there before is dropped, by task and version", () => {
  const buffer = new EventBuffer();
  expect(buffer.push(makeEvent(done))).toBe(true);
  expect(buffer.push(makeEvent(done))).toBe(false);
  expect(buffer.push(makeEvent(running))).toBe(false);
  expect(buffer.take().events).toBe(1);
  expect(buffer.push(makeEvent(done))).toBe(false);
});

test("progress comes under the version of its start, and is no change of status", () => {
  const buffer = new EventBuffer();
  buffer.push(makeEvent(running));
  expect(buffer.push(makeEvent({ ...running, progress: 0.5 }))).toBe(true);
  expect(buffer.push(makeEvent({ ...running, progress: 0.5 }))).toBe(false);
  expect(buffer.push(makeEvent({ ...running, progress: 0.5, message: "half" }))).toBe(true);
  expect(buffer.take().tally.PROCESSING).toBe(1);
});

test("a gap among the versions is reported: the change is complete only after it", () => {
  const buffer = new EventBuffer();
  buffer.push(makeEvent());
  buffer.push(makeEvent({ ...done, version: 5 }));
  buffer.push(makeEvent({ ...done, version: 6 }));
  expect(buffer.take().changes.get("a")?.unbrokenFrom).toBe(5);
});

test("the last event's id is kept to resume after, also when the event is dropped", () => {
  const buffer = new EventBuffer();
  buffer.push(makeEvent({ id: "7" }));
  buffer.push(makeEvent({ id: "8" }));
  expect(buffer.lastId).toBe("8");
});

test("a day of tasks does not fill the memory: only so many are remembered", () => {
  const buffer = new EventBuffer(2);
  for (const taskId of ["a", "b", "c"]) buffer.push(makeEvent({ taskId }));
  expect(buffer.push(makeEvent({ taskId: "b" }))).toBe(false);
  expect(buffer.push(makeEvent({ taskId: "a" }))).toBe(true);
});
