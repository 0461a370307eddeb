/** The state of the socket, as a store that React can read. */
import type { Client } from "graphql-ws";

export type Connection =
  | { readonly state: "connecting" }
  | { readonly state: "live" }
  | { readonly state: "reconnecting"; readonly since: number }
  | { readonly state: "offline"; readonly since: number };

export interface ConnectionStore {
  readonly subscribe: (listener: () => void) => () => void;
  readonly get: () => Connection;
  /** Calls the listener when the socket has reconnected, with the milliseconds of the disconnection. */
  readonly onReturn: (listener: (awayMs: number) => void) => () => void;
}

/** The client closed the socket because no subscription is left, as in a paused hidden tab: this is no failure. */
const isOnPurpose = (event: unknown): boolean =>
  typeof event === "object" && event !== null && "code" in event && event.code === 1000;

export function createConnectionStore(socket: Client, clock: () => number = Date.now): ConnectionStore {
  const changes = new Listeners<Connection>();
  const returns = new Listeners<number>();
  let current: Connection = { state: "connecting" };

  const set = (next: Connection): void => {
    current = next;
    changes.tell(next);
  };
  const lost = (): void => {
    const since = "since" in current ? current.since : clock();
    set({ state: navigator.onLine ? "reconnecting" : "offline", since });
  };

  socket.on("connected", () => {
    const awayMs = "since" in current ? clock() - current.since : undefined;
    set({ state: "live" });
    if (awayMs !== undefined) returns.tell(awayMs);
  });
  socket.on("closed", (event) => {
    if (isOnPurpose(event)) set({ state: "connecting" });
    else lost();
  });
  window.addEventListener("offline", lost);
  window.addEventListener("online", () => {
    if (current.state === "offline") set({ state: "reconnecting", since: current.since });
  });
  return { subscribe: changes.add, get: () => current, onReturn: returns.add };
}

class Listeners<News> {
  private readonly all = new Set<(news: News) => void>();

  /** Returns a function that removes the listener. */
  readonly add = (listener: (news: News) => void): (() => void) => {
    this.all.add(listener);
    return () => this.all.delete(listener);
  };

  tell(news: News): void {
    for (const listener of this.all) listener(news);
  }
}
