import { expect, test } from "vitest";
import { placeOf, wordsOf, wordsOfDetail } from "./audit";

test.each([
  ["retryTask", "Retried a task", "task"],
  ["deleteTask", "Deleted a task", null],
  ["pauseQueue", "Paused a queue", "queue"],
  ["discardDeadLetter", "Discarded a dead letter", null],
  ["mutationOfTomorrow", "mutationOfTomorrow", null],
  ["toString", "toString", null],
] as const)("%s: %s", (action, words, place) => {
  expect(wordsOf(action)).toBe(words);
  expect(placeOf(action)).toBe(place);
});

test.each([
  [null, ""],
  [{ reason: "The provider is down", queue: null, count: 3 }, "reason: The provider is down, count: 3"],
  [{ before: { a: 1 } }, '{"before":{"a":1}}'],
  [["a"], '["a"]'],
])("%j: %s", (detail, words) => expect(wordsOfDetail(detail)).toBe(words));
