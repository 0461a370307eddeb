/** The app's one connection and its stream of events, from LiveProvider. */
import { createContext, use, useEffect, useEffectEvent, useSyncExternalStore } from "react";
import type { Connection, ConnectionStore } from "@/apollo/connection";
import type { Batch } from "@/apollo/events";
import type { ResumeLink } from "@/apollo/resume";
import type { TaskStream } from "@/apollo/stream";

export interface Live {
  readonly connection: ConnectionStore;
  readonly resume: ResumeLink;
  readonly stream: TaskStream;
}

export const LiveContext = createContext<Live | null>(null);

export function useLive(): Live {
  const live = use(LiveContext);
  if (!live) throw new Error("useLive is called outside of LiveProvider");
  return live;
}

export function useConnection(): Connection {
  const { connection } = useLive();
  return useSyncExternalStore(connection.subscribe, connection.get);
}

/** Calls `onBatch` after each batch of events has been written into the cache. */
export function useBatches(onBatch: (batch: Batch) => void): void {
  const { stream } = useLive();
  const latest = useEffectEvent(onBatch);
  useEffect(() => stream.listen((batch) => latest(batch)), [stream]);
}

/** Calls `onReturn` when the socket has reconnected. */
export function useReturn(onReturn: (awayMs: number) => void): void {
  const { connection } = useLive();
  const latest = useEffectEvent(onReturn);
  useEffect(() => connection.onReturn((awayMs) => latest(awayMs)), [connection]);
}

/** Calls `onStart` when the stream runs, at first and after each reconnection: a query from before it may lack events. */
export function useStart(onStart: () => void): void {
  const { stream } = useLive();
  const latest = useEffectEvent(onStart);
  useEffect(() => stream.onStart(() => latest()), [stream]);
}
