import { expect, test } from "vitest";
import { durationTicks, formatDurationTick, linearTicks, linePaths, placeOnTicks, spread } from "./chart";

test.each([
  [0, [0, 1]],
  [1, [0, 1]],
  [3, [0, 1, 2, 3]],
  [14, [0, 5, 10, 15]],
  [290, [0, 100, 200, 300]],
  [60_000, [0, 20_000, 40_000, 60_000]],
])("up to %d: ticks at %j", (max, values) => {
  const ticks = linearTicks(max);
  expect(ticks.map(({ value }) => value)).toEqual(values);
  expect(ticks.map(({ at }) => at)).toEqual(values.map((value) => value / (values.at(-1) ?? 1)));
});

test("durations stand between round ones, equal ratios equally far apart", () => {
  const ticks = durationTicks([12, 900]);
  expect(ticks.map(({ value }) => formatDurationTick(value))).toEqual(["10 ms", "100 ms", "1 s"]);
  expect(ticks[1]?.at).toBeCloseTo(0.5);
  expect(placeOnTicks(10, ticks)).toBe(0);
  expect(placeOnTicks(5_000, ticks)).toBe(1);
  expect(durationTicks([0]).map(({ value }) => value)).toEqual([1, 10]);
  expect(formatDurationTick(600_000)).toBe("10 min");
});

test("a line breaks where nothing is, and one step alone is a dot", () => {
  expect(linePaths([0, 1, null, 0.5])).toEqual(["M 12.50 100.00 L 37.50 0.00", "M 87.50 50.00 h 0"]);
  expect(linePaths([null])).toEqual([]);
});

test("labels are spread evenly", () => {
  expect(spread(60, 6)).toEqual([0, 10, 20, 30, 40, 50]);
  expect(spread(2, 6)).toEqual([0, 1]);
});
