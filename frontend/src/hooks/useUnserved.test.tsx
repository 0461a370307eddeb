import { ApolloLink } from "@apollo/client";
import { act, screen } from "@testing-library/react";
import { of } from "rxjs";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { renderInApp } from "@/testing/render";
import { useUnserved } from "./useUnserved";

const queue = { __typename: "Queue", name: "nightly", waiting: 2, workers: 0, oldestAt: null, pausedAt: null };

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function Probe() {
  return <output>{useUnserved().queues.map(({ name }) => name)}</output>;
}

const wait = (ms: number) => act(() => vi.advanceTimersByTimeAsync(ms));

test("a queue without a worker is told once that has lasted, and no longer when one is back", async () => {
  let workers = 0;
  const link = new ApolloLink(() =>
    of({
      data: {
        workers: [],
        queues: [{ ...queue, workers }],
        tasks: { __typename: "TaskConnection", nodes: [] },
      },
    }),
  );
  renderInApp(<Probe />, { link });
  const told = () => screen.getByRole("status").textContent;
  await wait(4_000);
  expect(told()).toBe("");
  await wait(6_000);
  expect(told()).toBe("nightly");
  workers = 1;
  await wait(6_000);
  expect(told()).toBe("");
});
