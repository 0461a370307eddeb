import { expect, test } from "vitest";
import type { TaskStatus } from "@/generated/graphql";
import { attemptsOf, type HistoryEvent, momentsOf, phasesOf, sumsOf } from "./phases";

const ERROR = { type: "ConnectionError", message: "no answer", traceback: null };

function history(...steps: readonly [TaskStatus, number, number, boolean?][]): readonly HistoryEvent[] {
  return steps.map(([status, attempt, at, isFailure = false], index) => ({
    version: index + 1,
    status,
    attempt,
    message: null,
    workerId: status === "PENDING" && !isFailure ? null : "worker-1",
    at: new Date(at).toISOString(),
    error: isFailure ? ERROR : null,
  }));
}

const kinds = (events: readonly HistoryEvent[], runAt: number | null, now: number): readonly string[] =>
  phasesOf(events, runAt === null ? null : new Date(runAt).toISOString(), now).map(
    ({ kind, from, to }) => `${kind} ${from}-${to}`,
  );

const RETRIED = history(
  ["PENDING", 0, 0],
  ["PROCESSING", 1, 100],
  ["PENDING", 1, 300, true],
  ["PROCESSING", 2, 1_300],
  ["DONE", 2, 1_500],
);

test("waits and runs follow each other and add up to the whole", () => {
  const phases = phasesOf(RETRIED, new Date(1_200).toISOString(), 9_000);
  expect(phases.map(({ kind }) => kind)).toEqual(["queued", "running", "backoff", "running"]);
  expect(sumsOf(phases)).toEqual({ total: 1_500, waited: 1_100, ran: 400, rested: 0 });
});

test("a clock that goes backwards never makes a span negative", () => {
  const events = history(["PENDING", 0, 1_000], ["PROCESSING", 1, 400], ["PENDING", 1, 700, true]);
  expect(kinds(events, null, 0)).toEqual(["queued 1000-1000", "running 1000-1300", "queued 1300-1300"]);
});

/** The same history with instants that have microseconds: milliseconds 0, 1.9, 15.1 and 20. */
const at = (microseconds: string): string => `2026-03-01T09:00:00.${microseconds}Z`;
const withMicroseconds = (events: readonly HistoryEvent[]): readonly HistoryEvent[] =>
  events.map((event, index) => ({ ...event, at: at(["000000", "001900", "015100", "020000"][index] ?? "") }));

test("a run lasts as long as the API's durationMs, though instants have microseconds; the next wait makes up for it", () => {
  const events = withMicroseconds(RETRIED.slice(0, 4));
  const spans = phasesOf(events, null, Date.parse(at("030000"))).map(({ from, to }) => to - from);
  expect(spans).toEqual([1, 13, 6, 10]);
});

test("the event log counts as the timeline does, also around a request to cancel", () => {
  const cancelled = history(["PENDING", 0, 0], ["PROCESSING", 1, 0], ["PROCESSING", 1, 0], ["CANCELLED", 1, 0]);
  for (const events of [withMicroseconds(RETRIED.slice(0, 4)), withMicroseconds(cancelled)]) {
    const moments = momentsOf(events);
    const phases = phasesOf(events, null, Date.parse(at("030000")));
    for (const { version, from, at: recorded } of phases) {
      expect(from).toBe(moments[version - 1]);
      expect(recorded).toBe(events[version - 1]?.at);
    }
    expect(moments.every((moment, index) => moment >= (moments[index - 1] ?? 0))).toBe(true);
  }
  const moments = momentsOf(withMicroseconds(cancelled));
  expect(moments.map((moment) => moment - (moments[0] ?? 0))).toEqual([0, 1, 14, 19]);
});

test("a date splits the wait: until then it is scheduled, after that it queues", () => {
  expect(kinds(history(["PENDING", 0, 0]), 500, 200)).toEqual(["scheduled 0-200"]);
  expect(kinds(history(["PENDING", 0, 0]), 500, 800)).toEqual(["scheduled 0-500", "queued 500-800"]);
  expect(kinds(history(["PENDING", 0, 0], ["PROCESSING", 1, 600], ["DONE", 1, 700]), 500, 800)).toEqual([
    "scheduled 0-500",
    "queued 500-600",
    "running 600-700",
  ]);
});

test("the date of a later retry says nothing of the first wait", () => {
  expect(kinds(RETRIED, 1_200, 9_000)[0]).toBe("queued 0-100");
});

test("a request to cancel does not split the run that it meets", () => {
  const events = history(["PENDING", 0, 0], ["PROCESSING", 1, 100], ["PROCESSING", 1, 200], ["CANCELLED", 1, 250]);
  const phases = phasesOf(events, null, 900);
  expect(phases.map(({ kind, to, outcome }) => [kind, to, outcome])).toEqual([
    ["queued", 100, null],
    ["running", 250, "cancelled"],
  ]);
});

test("between an end and a retry that was asked for it rests", () => {
  const events = history(
    ["PENDING", 0, 0],
    ["PROCESSING", 1, 100],
    ["FAILED", 1, 200, true],
    ["PENDING", 1, 700, true],
  );
  expect(kinds(events, null, 800)).toEqual(["queued 0-100", "running 100-200", "ended 200-700", "queued 700-800"]);
});

test("attempts come newest first, each with its worker and its error", () => {
  const attempts = attemptsOf(RETRIED, phasesOf(RETRIED, null, 9_000));
  expect(attempts.map(({ phase, error }) => [phase.attempt, phase.outcome, error?.type])).toEqual([
    [2, "done", undefined],
    [1, "failed", "ConnectionError"],
  ]);
  expect(attempts[0]?.workerId).toBe("worker-1");
});

test("an attempt that was given back is told from one that failed", () => {
  const events = history(["PENDING", 0, 0], ["PROCESSING", 1, 100], ["PENDING", 0, 150], ["PROCESSING", 1, 300]);
  const attempts = attemptsOf(events, phasesOf(events, null, 400));
  expect(attempts.map(({ phase }) => [phase.outcome, phase.isOpen])).toEqual([
    [null, true],
    ["given back", false],
  ]);
});
