import { screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test } from "vitest";
import type { TaskStatus } from "@/generated/graphql";
import { attemptsOf, type HistoryEvent, phasesOf } from "@/lib/phases";
import { renderInApp } from "@/testing/render";
import { TaskAttempts } from "./TaskAttempts";
import { TaskEvents } from "./TaskEvents";
import { TaskTimeline } from "./TaskTimeline";

const TRACEBACK = `Traceback (most recent call last):
  File "/venv/lib/python3.14/site-packages/httpx/_api.py", line 7, in post
    return send()
  File "/app/shop/bank.py", line 3, in charge
    raise Refused("no")
`;

const event = (version: number, status: TaskStatus, attempt: number, at: number, fails = false): HistoryEvent => ({
  version,
  status,
  attempt,
  message: null,
  workerId: version === 1 ? null : "worker-1",
  at: new Date(at).toISOString(),
  error: fails ? { type: "Refused", message: `no (${attempt})`, traceback: TRACEBACK } : null,
});

const EVENTS = [
  event(1, "PENDING", 0, 0),
  event(2, "PROCESSING", 1, 1_000),
  event(3, "PENDING", 1, 3_000, true),
  event(4, "PROCESSING", 2, 7_000),
  event(5, "FAILED", 2, 8_000, true),
];
const PHASES = phasesOf(EVENTS, null, 9_000);

test("the newest attempt is open, with its worker, its error and its own frames; those of libraries are folded", async () => {
  renderInApp(<TaskAttempts attempts={attemptsOf(EVENTS, PHASES)} />);
  const newest = screen.getByRole("button", { name: /Attempt 2\s*Failed\s*Refused\s*1\.0 s/ });
  expect(newest.getAttribute("aria-expanded")).toBe("true");
  expect(screen.getByRole("button", { name: /Attempt 1/ }).getAttribute("aria-expanded")).toBe("false");
  expect(screen.getAllByText("app/shop/bank.py:3").length).toBeGreaterThan(0);
  expect(screen.queryByText(/httpx\/_api\.py:7/)).toBeNull();
  const [fold] = screen.getAllByRole("button", { name: "1 frame of libraries" });
  if (fold) await userEvent.click(fold);
  expect(screen.getByText(/httpx\/_api\.py:7/)).toBeDefined();
});

test("the timeline's sum is what its lines add up to", () => {
  renderInApp(<TaskTimeline phases={PHASES} />);
  expect(screen.getByRole("region", { name: "Timeline" }).textContent).toContain("waited 5.0 s + ran 3.0 s = 8.0 s");
  expect(screen.getAllByRole("listitem").map((item) => item.textContent)).toEqual([
    "In the queuecreated1.0 s",
    "Attempt 1 failed+1.0 s2.0 s",
    "Before the next attempt+3.0 s4.0 s",
    "Attempt 2 failed+7.0 s1.0 s",
  ]);
});

test("a sum ticks in whole seconds while the phase in it does", () => {
  const { unmount } = renderInApp(<TaskTimeline phases={phasesOf(EVENTS.slice(0, 1), null, 3_600)} />);
  const timeline = (): string | null => screen.getByRole("region", { name: "Timeline" }).textContent;
  expect(timeline()).toContain("waited 3 s + ran 0 s = 3 s");
  unmount();
  renderInApp(<TaskTimeline phases={phasesOf(EVENTS.slice(0, 2), null, 4_600)} />);
  expect(timeline()).toContain("waited 1.0 s + ran 3 s = 4 s");
});

test("the event log tells the times and the durations that the timeline tells", () => {
  const at = ["00.000000", "00.001900", "00.015100", "07.020000", "08.020900"];
  const events = EVENTS.map((one, index) => ({ ...one, at: `2026-03-01T09:00:${at[index] ?? ""}Z` }));
  renderInApp(
    <>
      <TaskTimeline phases={phasesOf(events, null, 0)} />
      <TaskEvents events={events} />
    </>,
  );
  const timeline = screen.getAllByRole("listitem");
  const log = screen.getAllByRole("row").slice(2); // after the head and the first event, which comes after none
  const lastOf = (element: HTMLElement): string => element.lastElementChild?.textContent ?? "";
  expect(log.map(lastOf)).toEqual(["1 ms", "13 ms", "7.0 s", "1.0 s"]);
  expect(timeline.map(lastOf)).toEqual(log.map(lastOf));
  const instantsOf = (elements: readonly HTMLElement[]) =>
    elements.map((element) => element.querySelector("time")?.dateTime);
  expect(instantsOf(timeline)).toEqual(instantsOf(screen.getAllByRole("row").slice(1, -1)));
});
