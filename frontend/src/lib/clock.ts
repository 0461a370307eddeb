/** One clock for every duration that is updated each second: it runs only while a component subscribes. */
import { useSyncExternalStore } from "react";

const TICK_MS = 1_000;

const listeners = new Set<() => void>();
let now = Date.now();
let timer: ReturnType<typeof setInterval> | undefined;

function tick(): void {
  now = Date.now();
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  if (timer === undefined) {
    now = Date.now();
    timer = setInterval(tick, TICK_MS);
  }
  return () => {
    listeners.delete(listener);
    if (listeners.size === 0) {
      clearInterval(timer);
      timer = undefined;
    }
  };
}

const idle = (): (() => void) => () => undefined;

/** The current time in milliseconds, to the second. */
export const present = (): number => (listeners.size === 0 ? Math.floor(Date.now() / TICK_MS) * TICK_MS : now);

/** The current time, updated each second while `ticking`. */
export const useNow = (ticking = true): number => useSyncExternalStore(ticking ? subscribe : idle, present);
