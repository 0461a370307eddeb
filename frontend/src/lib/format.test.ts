import { expect, test } from "vitest";
import {
  formatBytes,
  formatCompact,
  formatDuration,
  formatElapsed,
  formatInstant,
  formatRate,
  formatRelative,
  formatSpan,
  plural,
} from "./format";

test.each([
  [-5, "0 s"],
  [0, "0 s"],
  [740.4, "740 ms"],
  [2_590, "2.5 s"],
  [59_999, "59 s"],
  [65_000, "1 m 05 s"],
  [3_600_000 * 3 + 60_000 * 12, "3 h 12 m"],
  [86_400_000 * 2 + 3_600_000 * 4, "2 d 4 h"],
])("%d ms is shown as %s", (ms, text) => expect(formatDuration(ms)).toBe(text));

test.each([
  [0, "just now"],
  [-12_000, "12 s ago"],
  [-5 * 60_000, "5 min ago"],
  [-3 * 3_600_000, "3 h ago"],
  [-49 * 3_600_000, "2 d ago"],
  [90_000, "in 1 min"],
])("an instant %d ms from now is %s", (offset, text) => expect(formatRelative(1e12 + offset, 1e12)).toBe(text));

test("an instant in UTC keeps its milliseconds when exact", () => {
  expect(formatInstant("2026-03-01T09:00:00.123456Z", "utc")).toBe("2026-03-01 09:00:00");
  expect(formatInstant("2026-03-01T09:00:00.123456Z", "utc", true)).toBe("2026-03-01 09:00:00.123 UTC");
});

test("counts are grouped, and compact from a hundred thousand on", () => {
  expect(formatCompact(99_999)).toBe("99,999");
  expect(formatCompact(1_234_567)).toBe("1.2M");
  expect(plural(1, "task")).toBe("1 task");
  expect(plural(1_280, "task")).toBe("1,280 tasks");
});

test("a share is told to the tenth while that matters", () => {
  expect([0, 0.0231, 0.4, 1].map(formatRate)).toEqual(["0.0 %", "2.3 %", "40 %", "100 %"]);
});

test("what is going on is told in whole seconds, and never began in the future", () => {
  expect([-900, 999, 6_400, 65_000].map(formatElapsed)).toEqual(["0 s", "0 s", "6 s", "1 m 05 s"]);
});

test("a span that goes on ticks in whole seconds, one that is over is exact", () => {
  expect(formatSpan({ from: 1_000, to: 4_700, isOpen: true })).toBe("3 s");
  expect(formatSpan({ from: 1_000, to: 4_700, isOpen: false })).toBe("3.7 s");
});

test.each([
  [0, "0 bytes"],
  [740, "740 bytes"],
  [1_234_000, "1.2 MB"],
  [48_300_000_000, "48 GB"],
  [5e15, "5000 TB"],
])("%d bytes: %s", (bytes, shown) => expect(formatBytes(bytes)).toBe(shown));
