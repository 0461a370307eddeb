/** What was done, in words, and what it was done to. Pure. */

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

/** Where its subject is shown; null where there is nothing to show, as of what was deleted. */
export function placeOf(action: string): "task" | "queue" | null {
  if (action === "retryTask" || action === "cancelTask") return "task";
  return action === "pauseQueue" || action === "resumeQueue" ? "queue" : null;
}
