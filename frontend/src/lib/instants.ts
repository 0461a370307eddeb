/** Instants as the API writes them, with microseconds, which a Date does not keep. Pure. */

/** Exact until the year 2255. */
function microsecondsOf(iso: string): number {
  const beyond = /\.\d{3}(\d{1,3})/.exec(iso)?.[1] ?? "";
  return Date.parse(iso.replace(/(\.\d{3})\d+/, "$1")) * 1_000 + Number(beyond.padEnd(3, "0"));
}

/** Whole milliseconds from one to the other, never negative; rounded down, as the API's `durationMs`. */
export const spanMs = (from: string, to: string): number =>
  Math.max(0, Math.floor((microsecondsOf(to) - microsecondsOf(from)) / 1_000));
