import { expect, test } from "vitest";
import { inOrder, slotsOf } from "./workers";

test("workers come by host, then by process", () => {
  const workers = [
    { host: "b", pid: 1 },
    { host: "a", pid: 20 },
    { host: "a", pid: 3 },
  ];
  expect(inOrder(workers).map(({ host, pid }) => `${host} ${pid}`)).toEqual(["a 3", "a 20", "b 1"]);
});

test("their slots add up", () => {
  expect(slotsOf([])).toEqual({ slots: 0, running: 0 });
  const two = [
    { slots: 8, running: 3 },
    { slots: 4, running: 4 },
  ];
  expect(slotsOf(two)).toEqual({ slots: 12, running: 7 });
});
