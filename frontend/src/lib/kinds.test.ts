import { expect, test } from "vitest";
import { failureRate, type KindFigures, mostFailing, slowest } from "./kinds";
import { parseOverviewSearch } from "./overviewSearch";

const kind = (name: string, changes: Partial<KindFigures>): KindFigures => ({
  kind: name,
  done: 0,
  failed: 0,
  cancelled: 0,
  p50Ms: null,
  p95Ms: null,
  ...changes,
});

test("the slowest come first; what never ran is left out", () => {
  const kinds = [kind("quick", { p95Ms: 5 }), kind("slow", { p95Ms: 900 }), kind("none", {})];
  expect(slowest(kinds).map((one) => one.kind)).toEqual(["slow", "quick"]);
});

test("what failed most often comes first, and by its rate among equals", () => {
  const kinds = [
    kind("rare", { done: 99, failed: 1 }),
    kind("always", { failed: 1 }),
    kind("busy", { done: 900, failed: 40 }),
    kind("well", { done: 5 }),
  ];
  expect(mostFailing(kinds).map((one) => one.kind)).toEqual(["busy", "always", "rare"]);
  expect(failureRate(kind("none", {}))).toBe(0);
});

test("the address keeps no default", () => {
  expect(parseOverviewSearch({ span: "6h" })).toEqual({ span: "6h" });
  expect(parseOverviewSearch({ span: "1h" })).toEqual({});
  expect(parseOverviewSearch({ span: "a year" })).toEqual({});
});
