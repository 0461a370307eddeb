import { expect, test } from "vitest";
import { extend, NOTHING_SELECTED, toggle } from "./selection";

const SHOWN = ["a", "b", "c", "d", "e"];
const idsOf = (selection: { ids: ReadonlySet<string> }): string => [...selection.ids].sort().join("");

test("a range goes from the last that was touched, both ways", () => {
  expect(idsOf(extend(toggle(NOTHING_SELECTED, "b"), "d", SHOWN))).toBe("bcd");
  expect(idsOf(extend(toggle(NOTHING_SELECTED, "d"), "b", SHOWN))).toBe("bcd");
});

test("a range begun before more rows were loaded still reaches them", () => {
  const selection = toggle(NOTHING_SELECTED, "e");
  expect(idsOf(extend(selection, "h", [...SHOWN, "f", "g", "h"]))).toBe("efgh");
});

test("a second toggle takes it back", () => {
  expect(idsOf(toggle(toggle(NOTHING_SELECTED, "a"), "a"))).toBe("");
});

test("without an anchor in sight a range is a single one", () => {
  expect(idsOf(extend(NOTHING_SELECTED, "c", SHOWN))).toBe("c");
  expect(idsOf(extend(toggle(NOTHING_SELECTED, "gone"), "c", SHOWN))).toBe("cgone");
});
