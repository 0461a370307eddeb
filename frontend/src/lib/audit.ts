/** What was done, in words, and what it was done to. Pure. */
import { formatJson } from "./json";

const WORDS: Readonly<Record<string, string>> = {
  retryTask: "Retried a task",
  cancelTask: "Cancelled a task",
  deleteTask: "Deleted a task",
  pauseQueue: "Paused a queue",
  resumeQueue: "Resumed a queue",
  replayDeadLetter: "Replayed a dead letter",
  discardDeadLetter: "Discarded a dead letter",
};

/** The mutation's own name where it is newer than this dashboard. */
export const wordsOf = (action: string): string => (Object.hasOwn(WORDS, action) ? (WORDS[action] ?? action) : action);

/** "reason: The provider is down"; as JSON where it is no list of plain values. Empty for nothing. */
export function wordsOfDetail(detail: unknown): string {
  if (detail === null || detail === undefined) return "";
  const isPlain = typeof detail === "object" && !Array.isArray(detail) && Object.values(detail).every(isScalar);
  if (!isPlain) return formatJson(detail, 0);
  return Object.entries(detail)
    .filter(([, value]) => value !== null)
    .map(([key, value]) => `${key}: ${typeof value === "string" ? value : formatJson(value, 0)}`)
    .join(", ");
}

const isScalar = (value: unknown): boolean => typeof value !== "object" || value === null;

/** Where its subject is shown; null where there is nothing to show, as of what was deleted. */
export function placeOf(action: string): "task" | "queue" | null {
  if (action === "retryTask" || action === "cancelTask") return "task";
  return action === "pauseQueue" || action === "resumeQueue" ? "queue" : null;
}
