/** How the socket stands, as a store that React can read. */
import type { Client } from "graphql-ws";

export type Connection =
  | { readonly state: "connecting" }
  | { readonly state: "live" }
  | { readonly state: "reconnecting"; readonly since: number }
  | { readonly state: "offline"; readonly since: number };

export interface ConnectionStore {
  readonly subscribe: (listener: () => void) => () => void;
  readonly get: () => Connection;
}

/** Closed on purpose, because nobody subscribes (a hidden tab rests), is not a failure. */
const isOnPurpose = (event: unknown): boolean =>
  typeof event === "object" && event !== null && "code" in event && event.code === 1000;

export function createConnectionStore(socket: Client, clock: () => number = Date.now): ConnectionStore {
  const listeners = new Set<() => void>();
  let current: Connection = { state: "connecting" };
  const set = (next: Connection): void => {
    current = next;
    for (const listener of listeners) listener();
  };
  const lost = (): void => {
    const since = current.state === "reconnecting" || current.state === "offline" ? current.since : clock();
    set({ state: navigator.onLine ? "reconnecting" : "offline", since });
  };
  socket.on("connected", () => set({ state: "live" }));
  socket.on("closed", (event) => {
    if (!isOnPurpose(event)) lost();
  });
  window.addEventListener("offline", lost);
  window.addEventListener("online", () => {
    if (current.state === "offline") set({ state: "reconnecting", since: current.since });
  });
  return {
    subscribe: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    get: () => current,
  };
}
