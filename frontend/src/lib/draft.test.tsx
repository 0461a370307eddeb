import { expect, test } from "vitest";
import { forgetDraft, keepDraft, recallDraft } from "./draft";
import { EMPTY } from "./newTask";

test("what was typed is there again, until it is sent", () => {
  const typed = { ...EMPTY, title: "Half a title", payload: '{"id": 9007199254740993' };
  keepDraft(typed);
  expect(recallDraft()).toEqual(typed);
  forgetDraft();
  expect(recallDraft()).toEqual(EMPTY);
});

test.each(["null", "[]", "{", '{"title": 5, "other": "x"}'])("a store with %s in it is an empty draft", (stored) => {
  sessionStorage.setItem("taskflow.draft", stored);
  expect(recallDraft()).toEqual(EMPTY);
});
