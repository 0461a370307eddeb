import { expect, test } from "vitest";
import { EMPTY_TALLY } from "@/apollo/events";
import { describeTally, FAILURES } from "./tally";

test("a burst is one sentence, what ended first", () => {
  expect(describeTally({ ...EMPTY_TALLY, DONE: 1_280, FAILED: 3, created: 7, PENDING: 9 })).toBe(
    "1,280 tasks done, 3 failed, 7 created",
  );
  expect(describeTally({ ...EMPTY_TALLY, FAILED: 1 })).toBe("1 task failed");
});

test("nothing is said of nothing", () => {
  expect(describeTally({ ...EMPTY_TALLY, PROCESSING: 4 })).toBeNull();
  expect(describeTally({ ...EMPTY_TALLY, DONE: 4 }, FAILURES)).toBeNull();
});
