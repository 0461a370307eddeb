import { expect, test } from "vitest";
import { parsePreferences } from "./preferences";

test("what is stored counts as far as it is known", () => {
  expect(parsePreferences('{"time":"utc","toasts":"loud"}')).toEqual({ time: "utc", toasts: "all" });
});

test.each([null, "", "null", "7", "{", "[]"])("%s is as good as nothing", (text) =>
  expect(parsePreferences(text)).toEqual({ time: "relative", toasts: "all" }),
);
