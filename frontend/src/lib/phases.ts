/** A task's history as spans of time that follow each other without a gap: what it waited, ran and rested adds up. Pure. */
import type { TaskStatus } from "@/generated/graphql";
import { isEnded } from "./status";

export interface HistoryEvent {
  readonly version: number;
  readonly status: TaskStatus;
  readonly attempt: number;
  readonly message: string | null;
  readonly workerId: string | null;
  readonly at: string;
  readonly error: { readonly type: string; readonly message: string; readonly traceback: string | null } | null;
}

export type PhaseKind = "scheduled" | "queued" | "running" | "backoff" | "ended";

export interface Phase {
  readonly kind: PhaseKind;
  /** Of the event that began it. */
  readonly version: number;
  readonly attempt: number;
  readonly from: number;
  /** `now` while it goes on. */
  readonly to: number;
  readonly isOpen: boolean;
  /** The status that it ended in, or is in. */
  readonly status: TaskStatus;
  /** How the attempt ended, of one that ran; null of any other, and of one that still runs. */
  readonly outcome: Outcome | null;
}

export type Outcome = "done" | "failed" | "cancelled" | "given back";

export interface Sums {
  readonly total: number;
  readonly waited: number;
  readonly ran: number;
  /** Between an end and the retry that somebody asked for. */
  readonly rested: number;
}

/** `runAt` splits the wait that goes on, or the first: until then it is scheduled, after that it queues. */
export function phasesOf(events: readonly HistoryEvent[], runAt: string | null, now: number): readonly Phase[] {
  const phases: Phase[] = [];
  let at = events[0] ? Date.parse(events[0].at) : now;
  events.forEach((event, index) => {
    const before = phases.at(-1);
    const next = events[index + 1];
    at = Math.max(at, Date.parse(event.at));
    if (next === undefined && isEnded(event.status)) return;
    const to = Math.max(at, next ? Date.parse(next.at) : now);
    if (event.status === "PROCESSING" && before?.kind === "running" && before.attempt === event.attempt) {
      phases[phases.length - 1] = { ...before, to, isOpen: !next, outcome: next ? outcomeOf(event, next) : null };
      return;
    }
    const common = { version: event.version, attempt: event.attempt, status: event.status };
    if (event.status !== "PENDING") {
      const kind = isEnded(event.status) ? "ended" : "running";
      const outcome = kind === "running" && next ? outcomeOf(event, next) : null;
      phases.push({ ...common, kind, from: at, to, isOpen: !next, outcome });
      return;
    }
    const isRetry = event.error !== null && events[index - 1]?.status === "PROCESSING";
    const split = isRetry && next ? to : splitAt(event, next, runAt, at, to);
    if (split > at) {
      const kind = isRetry ? "backoff" : "scheduled";
      phases.push({ ...common, kind, from: at, to: split, isOpen: !next && split === to, outcome: null });
    }
    if (split < to || split === at) {
      phases.push({ ...common, kind: "queued", from: split, to, isOpen: !next, outcome: null });
    }
  });
  return phases;
}

/** Where a wait stops being one for a date. The date may be a later retry's: then it says nothing of the first wait. */
function splitAt(
  event: HistoryEvent,
  next: HistoryEvent | undefined,
  runAt: string | null,
  at: number,
  to: number,
): number {
  if (runAt === null || (next && event.version > 1)) return at;
  const due = Date.parse(runAt);
  if (next && due > to && next.status === "PROCESSING") return at;
  return Math.min(Math.max(due, at), to);
}

function outcomeOf(run: HistoryEvent, next: HistoryEvent): Outcome | null {
  switch (next.status) {
    case "DONE":
      return "done";
    case "FAILED":
      return "failed";
    case "CANCELLED":
      return "cancelled";
    case "PENDING":
      return next.error ? "failed" : "given back";
    case "PROCESSING":
      return run.attempt === next.attempt ? null : "failed";
  }
}

export function sumsOf(phases: readonly Phase[]): Sums {
  const sum = (...kinds: readonly PhaseKind[]): number =>
    phases.filter(({ kind }) => kinds.includes(kind)).reduce((total, { from, to }) => total + to - from, 0);
  const waited = sum("scheduled", "queued", "backoff");
  const ran = sum("running");
  const rested = sum("ended");
  return { total: waited + ran + rested, waited, ran, rested };
}

export interface Attempt {
  readonly phase: Phase;
  readonly workerId: string | null;
  readonly error: HistoryEvent["error"];
  /** What was said when it ended. */
  readonly message: string | null;
}

/** Newest first. */
export function attemptsOf(events: readonly HistoryEvent[], phases: readonly Phase[]): readonly Attempt[] {
  return phases
    .filter(({ kind }) => kind === "running")
    .map((phase) => {
      const began = events.findIndex(({ version }) => version === phase.version);
      const end = events.slice(began + 1).find(({ status }) => status !== "PROCESSING");
      const workerId = events[began]?.workerId ?? end?.workerId ?? null;
      return { phase, workerId, error: end?.error ?? null, message: end?.message ?? null };
    })
    .reverse();
}
