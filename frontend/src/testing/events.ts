/** An event of the stream, as a base for a test's own. */
import type { StreamEvent } from "@/apollo/events";

export function makeEvent(changes: Partial<StreamEvent> = {}): StreamEvent {
  return {
    __typename: "TaskStatusEvent",
    id: "1",
    taskId: "a",
    status: "PENDING",
    message: null,
    attempt: 0,
    progress: null,
    version: 1,
    updatedAt: "2026-03-01T09:00:00.000000Z",
    ...changes,
  };
}
