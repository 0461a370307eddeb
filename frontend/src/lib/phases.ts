/** A task's history as phases that follow each other without a gap, so that their durations add up to the whole. Pure. */
import type { TaskStatus } from "@/generated/graphql";
import { spanMs } from "./instants";
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
  /** The version of the event that began the phase. */
  readonly version: number;
  readonly attempt: number;
  readonly from: number;
  /** When it began, as the API records it. */
  readonly at: string;
  /** The end of the phase; `now` while it goes on. */
  readonly to: number;
  readonly isOpen: boolean;
  /** The status at the end of the phase, or the present one. */
  readonly status: TaskStatus;
  /** The status after the attempt, for a phase that ran; null for any other, and while it runs. */
  readonly outcome: Outcome | null;
}

export type Outcome = "done" | "failed" | "cancelled" | "given back";

export interface Sums {
  readonly total: number;
  readonly waited: number;
  readonly ran: number;
  /** The phase between an end and a requested retry. */
  readonly rested: number;
}

/** When each event happened, in whole milliseconds since 1970: the timeline and the event log both count with these.
 *
 * None is before the one before it, and a run lasts as long as the API's `durationMs`; the wait after it makes up for
 * what was rounded.
 */
export function momentsOf(events: readonly HistoryEvent[]): readonly number[] {
  const moments: number[] = [];
  let run: { readonly at: string; readonly moment: number } | null = null;
  events.forEach((event, index) => {
    const isRequest = isRequestToCancel(event, events[index - 1]);
    const moment: number = run ? run.moment + spanMs(run.at, event.at) : Date.parse(event.at);
    moments.push(Math.max(moment, moments.at(-1) ?? moment));
    if (!isRequest) run = event.status === "PROCESSING" ? { at: event.at, moment: moments[index] ?? moment } : null;
  });
  return moments;
}

/** `runAt` splits the present wait, or the first: until then the task is scheduled, after that it is queued. */
export function phasesOf(events: readonly HistoryEvent[], runAt: string | null, now: number): readonly Phase[] {
  const phases: Phase[] = [];
  const moments = momentsOf(events);
  const steps = events
    .map((event, index) => ({ event, moment: moments[index] ?? now, before: events[index - 1] }))
    .filter(({ event, before }) => !isRequestToCancel(event, before));
  steps.forEach(({ event, moment: from }, index) => {
    const before = steps[index - 1]?.event;
    const next = steps[index + 1]?.event;
    if (!next && isEnded(event.status)) return;
    const to = Math.max(from, steps[index + 1]?.moment ?? now);
    const { version, attempt, status, at } = event;
    const phase = { version, attempt, status, from, at, to, isOpen: !next, outcome: null };
    if (status === "PENDING") {
      const isBackoff = event.error !== null && before?.status === "PROCESSING";
      const split = isBackoff && next ? to : splitAt(event, next, runAt, from, to);
      phases.push(...splitWait({ ...phase, kind: isBackoff ? "backoff" : "scheduled" }, split));
    } else if (isEnded(status)) phases.push({ ...phase, kind: "ended" });
    else phases.push({ ...phase, kind: "running", outcome: next ? outcomeOf(next) : null });
  });
  return phases;
}

/** After the date the task is queued. */
function splitWait(wait: Phase, split: number): readonly Phase[] {
  if (split === wait.from) return [{ ...wait, kind: "queued" }];
  const queued: Phase = { ...wait, kind: "queued", from: split, at: new Date(split).toISOString() };
  return split < wait.to ? [{ ...wait, to: split, isOpen: false }, queued] : [wait];
}

/** A cancel request is recorded during a run, and does not end it. */
const isRequestToCancel = (event: HistoryEvent, before: HistoryEvent | undefined): boolean =>
  event.status === "PROCESSING" && before?.status === "PROCESSING" && before.attempt === event.attempt;
/** The instant at which a scheduled wait becomes a queued one. A later retry's `runAt` does not split the first wait. */
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

function outcomeOf(next: HistoryEvent): Outcome {
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
      return "failed";
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
  /** The message at its end. */
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
