/** What was typed into the form for a new task and not sent: kept for this tab of the browser, until it is sent. */
import { EMPTY, type NewTaskValues } from "./newTask";

const KEY = "taskflow.draft";

export function keepDraft(values: NewTaskValues): void {
  try {
    sessionStorage.setItem(KEY, JSON.stringify(values));
  } catch {
    // a browser that stores nothing keeps no draft
  }
}

/** EMPTY where nothing is kept. */
export function recallDraft(): NewTaskValues {
  try {
    const kept = new Map(Object.entries(JSON.parse(sessionStorage.getItem(KEY) ?? "{}") as object));
    const text = (name: keyof NewTaskValues): string => {
      const value: unknown = kept.get(name);
      return typeof value === "string" ? value : "";
    };
    return {
      title: text("title"),
      kind: text("kind"),
      queue: text("queue"),
      payload: text("payload"),
      runAt: text("runAt"),
      maxAttempts: text("maxAttempts"),
    };
  } catch {
    return EMPTY;
  }
}

export const forgetDraft = (): void => keepDraft(EMPTY);
