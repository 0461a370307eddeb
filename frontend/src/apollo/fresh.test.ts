import { expect, test } from "vitest";
import { LiveTask_historyFragmentDoc, LiveTaskFragmentDoc, PeekPanelDocument } from "@/generated/graphql";
import { makeEvent } from "@/testing/events";
import { makeTask } from "@/testing/tasks";
import { applyBatch } from "./apply";
import { createCache } from "./cache";
import { EventBuffer } from "./events";

const RUNNING = makeTask("PROCESSING");
const REST = { payload: null, result: null, error: null };
const event = (version: number) => ({ __typename: "TaskEvent" as const, id: String(version), version });
const place = { id: `Task:${RUNNING.id}`, fragment: LiveTaskFragmentDoc, fragmentName: "LiveTask" };
const history = { ...place, fragment: LiveTask_historyFragmentDoc, fragmentName: "LiveTask_history" };

/** A cache that has the task's end from its event, and then gets an answer. */
function endedBefore(answer: typeof RUNNING) {
  const cache = createCache();
  const ask = { query: PeekPanelDocument, variables: { id: RUNNING.id } };
  const write = (task: typeof RUNNING, versions: readonly number[]): unknown =>
    cache.writeQuery({ ...ask, data: { task: { ...task, ...REST, events: versions.map(event) } } });
  write(RUNNING, [1]);
  const buffer = new EventBuffer();
  buffer.push(makeEvent({ taskId: RUNNING.id, status: "DONE", version: 3, attempt: 1, message: "from the event" }));
  applyBatch(cache, buffer.take());
  write(answer, [1, 2]);
  return { task: cache.readFragment(place), events: cache.readFragment(history)?.events.length };
}

test("an answer that an event has overtaken does not take the task back, and brings what no event carries", () => {
  const { task, events } = endedBefore(RUNNING);
  expect(task).toMatchObject({ status: "DONE", version: 3, message: "from the event" });
  expect(events).toBe(2);
});

test("an answer as new as the event, or newer, is what the cache has from then on", () => {
  expect(endedBefore(makeTask("DONE", { message: "from the answer" })).task?.message).toBe("from the answer");
  expect(endedBefore(makeTask("PENDING", { version: 4 })).task).toMatchObject({ status: "PENDING", version: 4 });
});
