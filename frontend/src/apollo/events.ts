/** Collects the stream's events until they are taken as one batch. Pure: no timer, no network, no cache. */
import type { TaskStatus, TaskStreamSubscription } from "@/generated/graphql";

export type StreamEvent = TaskStreamSubscription["taskStatus"];

/** A batch's events of one task, and the version from which on this batch lacks none. */
export interface Change {
  /** The newest. */
  readonly event: StreamEvent;
  /** The events before the newest: the first of each version, oldest first. */
  readonly earlier: readonly StreamEvent[];
  readonly unbrokenFrom: number;
}

export interface Batch {
  readonly changes: ReadonlyMap<string, Change>;
  /** Events by the status they led to; a creation is PENDING at version 1. */
  readonly tally: Tally;
  readonly events: number;
}

export interface Tally extends Record<TaskStatus, number> {
  readonly created: number;
}

interface Seen {
  readonly version: number;
  readonly progress: number | null;
  readonly message: string | null;
}

export const EMPTY_TALLY: Tally = { created: 0, PENDING: 0, PROCESSING: 0, DONE: 0, FAILED: 0, CANCELLED: 0 };
const TASKS_REMEMBERED = 20_000;

export function addTallies(one: Tally, other: Tally): Tally {
  return {
    created: one.created + other.created,
    PENDING: one.PENDING + other.PENDING,
    PROCESSING: one.PROCESSING + other.PROCESSING,
    DONE: one.DONE + other.DONE,
    FAILED: one.FAILED + other.FAILED,
    CANCELLED: one.CANCELLED + other.CANCELLED,
  };
}

export class EventBuffer {
  /** The id to resume after. */
  lastId: string | null = null;
  private readonly seen = new Map<string, Seen>();
  private changes = new Map<string, Change>();
  private tally: Tally = EMPTY_TALLY;
  private events = 0;

  constructor(private readonly remembered = TASKS_REMEMBERED) {}

  get isEmpty(): boolean {
    return this.events === 0;
  }

  /** The newest version of a task that any event had, 0 for a task without an event. */
  versionOf(taskId: string): number {
    return this.seen.get(taskId)?.version ?? 0;
  }

  /** Adds the event unless it came before: delivery is at least once. Returns whether it is new. */
  push(event: StreamEvent): boolean {
    this.lastId = event.id;
    const known = this.seen.get(event.taskId);
    if (known && !isNews(event, known)) return false;
    this.remember(event);
    const before = this.changes.get(event.taskId);
    const follows = before !== undefined && event.version <= before.event.version + 1;
    this.changes.set(event.taskId, {
      event,
      earlier: before ? firstsOf(before) : [],
      unbrokenFrom: follows ? before.unbrokenFrom : event.version,
    });
    if (!known || event.version > known.version) this.count(event);
    this.events += 1;
    return true;
  }

  /** The events since the last call, as one batch. */
  take(): Batch {
    const batch: Batch = { changes: this.changes, tally: this.tally, events: this.events };
    this.changes = new Map();
    this.tally = EMPTY_TALLY;
    this.events = 0;
    return batch;
  }

  private count(event: StreamEvent): void {
    const isCreation = event.status === "PENDING" && event.version === 1;
    this.tally = {
      ...this.tally,
      [event.status]: this.tally[event.status] + 1,
      created: this.tally.created + (isCreation ? 1 : 0),
    };
  }

  private remember({ taskId, version, progress, message }: StreamEvent): void {
    this.seen.delete(taskId);
    this.seen.set(taskId, { version, progress, message });
    if (this.seen.size > this.remembered) {
      const oldest = this.seen.keys().next();
      if (!oldest.done) this.seen.delete(oldest.value);
    }
  }
}

/** The first event of a version has the instant of the change; later ones are progress, and only the newest counts. */
const firstsOf = ({ event, earlier }: Change): readonly StreamEvent[] =>
  earlier.at(-1)?.version === event.version ? earlier : [...earlier, event];

/** A newer version; or the same version with new progress, since progress carries the version of the start. */
function isNews(event: StreamEvent, known: Seen): boolean {
  if (event.version !== known.version) return event.version > known.version;
  return event.status === "PROCESSING" && (event.progress !== known.progress || event.message !== known.message);
}
