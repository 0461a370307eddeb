/** The sentence about a burst of events, for a toast and for screen readers. Pure. */
import type { Tally } from "@/apollo/events";
import { formatCount } from "./format";

/** "128 tasks done, 3 failed"; final statuses come first. Null when there is nothing to announce. */
export function describeTally(tally: Tally, parts: readonly TallyPart[] = PARTS): string | null {
  const told = parts.filter(([key]) => tally[key] > 0);
  if (told.length === 0) return null;
  return told
    .map(([key, word], index) => {
      const count = tally[key];
      const noun = index > 0 ? "" : count === 1 ? " task" : " tasks";
      return `${formatCount(count)}${noun} ${word}`;
    })
    .join(", ");
}

type TallyPart = readonly [key: "DONE" | "FAILED" | "CANCELLED" | "created", word: string];

export const PARTS: readonly TallyPart[] = [
  ["DONE", "done"],
  ["FAILED", "failed"],
  ["CANCELLED", "cancelled"],
  ["created", "created"],
];

export const FAILURES: readonly TallyPart[] = [["FAILED", "failed"]];
