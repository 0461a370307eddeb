/** The reader's preferences in this browser, as a store that React can read. They are never sent. */
import { useSyncExternalStore } from "react";

export type TimeStyle = "relative" | "local" | "utc";
export type ToastStyle = "all" | "failures" | "none";

export interface Preferences {
  readonly time: TimeStyle;
  readonly toasts: ToastStyle;
}

const KEY = "taskflow-preferences";
const DEFAULTS: Preferences = { time: "relative", toasts: "all" };
const TIMES: readonly unknown[] = ["relative", "local", "utc"] satisfies TimeStyle[];
const TOASTS: readonly unknown[] = ["all", "failures", "none"] satisfies ToastStyle[];

/** Parses the stored text; unknown values become their defaults. */
export function parsePreferences(text: string | null): Preferences {
  try {
    const stored = JSON.parse(text ?? "{}") as Partial<Preferences> | null;
    return {
      time: stored && TIMES.includes(stored.time) && stored.time ? stored.time : DEFAULTS.time,
      toasts: stored && TOASTS.includes(stored.toasts) && stored.toasts ? stored.toasts : DEFAULTS.toasts,
    };
  } catch {
    return DEFAULTS;
  }
}

function load(): Preferences {
  try {
    return parsePreferences(localStorage.getItem(KEY));
  } catch {
    return DEFAULTS;
  }
}

let current: Preferences | undefined;
const listeners = new Set<() => void>();

export function getPreferences(): Preferences {
  return (current ??= load());
}

export function setPreferences(changes: Partial<Preferences>): void {
  current = { ...getPreferences(), ...changes };
  try {
    localStorage.setItem(KEY, JSON.stringify(current));
  } catch {
    // Storage can be forbidden; the choice then lasts as long as the page.
  }
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function usePreferences(): Preferences {
  return useSyncExternalStore(subscribe, getPreferences);
}
