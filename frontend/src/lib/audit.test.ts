import { expect, test } from "vitest";
import { placeOf, wordsOf } from "./audit";

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
