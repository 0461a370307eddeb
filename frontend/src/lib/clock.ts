/** One clock for every duration that ticks: it runs only while somebody looks. */
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

/** The present in milliseconds, to the second. */
export const present = (): number => (listeners.size === 0 ? Math.floor(Date.now() / TICK_MS) * TICK_MS : now);

/** The present, every second; stands still unless `ticking`. */
export const useNow = (ticking = true): number => useSyncExternalStore(ticking ? subscribe : idle, present);
