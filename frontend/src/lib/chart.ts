/** The positions of a chart's marks and ticks. Pure. */

export interface Tick {
  readonly value: number;
  /** From the bottom, 0 to 1. */
  readonly at: number;
}

/** Whole numbers from 0 to a round one that nothing exceeds: 0, 5, 10 or 0, 20, 40, 60. */
export function linearTicks(max: number): readonly Tick[] {
  const rough = Math.max(max, 1) / 3;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = Math.max(1, ([1, 2, 5, 10].find((times) => times * power >= rough) ?? 10) * power);
  const count = Math.max(1, Math.ceil(max / step));
  return Array.from({ length: count + 1 }, (_, index) => ({ value: index * step, at: index / count }));
}

const DURATIONS = [1, 10, 100, 1_000, 10_000, 60_000, 600_000, 3_600_000, 36_000_000, 360_000_000];

/** From the round duration below the shortest to the one above the longest; equal ratios are equally far apart. */
export function durationTicks(values: readonly number[]): readonly Tick[] {
  const shortest = Math.max(1, Math.min(...values));
  const longest = Math.max(...values, 1);
  const first = Math.max(
    0,
    DURATIONS.findLastIndex((one) => one <= shortest),
  );
  const last = Math.max(
    first + 1,
    DURATIONS.findIndex((one) => one >= longest),
  );
  const shown = DURATIONS.slice(first, last + 1);
  return shown.map((value) => ({ value, at: logPlace(value, shown) }));
}

function logPlace(value: number, ends: readonly number[]): number {
  const low = Math.log(ends[0] ?? 1);
  const high = Math.log(ends.at(-1) ?? 10);
  return Math.min(1, Math.max(0, (Math.log(Math.max(value, 1)) - low) / (high - low)));
}

/** 1 ms, 10 s, 1 min, 10 h. */
export function formatDurationTick(ms: number): string {
  if (ms < 1_000) return `${ms} ms`;
  if (ms < 60_000) return `${ms / 1_000} s`;
  return ms < 3_600_000 ? `${ms / 60_000} min` : `${ms / 3_600_000} h`;
}

export const placeOnTicks = (value: number, ticks: readonly Tick[]): number =>
  logPlace(
    value,
    ticks.map((tick) => tick.value),
  );

/** The parts of a line through the steps that have a value; where there is none, it breaks. In percent, from the top. */
export function linePaths(places: readonly (number | null)[]): readonly string[] {
  const paths: string[] = [];
  let current: string[] = [];
  const end = (): void => {
    if (current.length > 0) paths.push(current.length === 1 ? `${current[0] ?? ""} h 0` : current.join(" "));
    current = [];
  };
  places.forEach((place, index) => {
    if (place === null) {
      end();
      return;
    }
    const x = ((index + 0.5) / places.length) * 100;
    current.push(`${current.length === 0 ? "M" : "L"} ${x.toFixed(2)} ${(100 - place * 100).toFixed(2)}`);
  });
  end();
  return paths;
}

/** At most `count` indexes of a list, evenly spread, the first among them. */
export function spread(length: number, count: number): readonly number[] {
  const step = Math.max(1, Math.ceil(length / count));
  return Array.from({ length: Math.ceil(length / step) }, (_, index) => index * step);
}
