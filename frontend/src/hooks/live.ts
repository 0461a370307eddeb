/** Reads the connection that LiveProvider holds. */
import { createContext, use, useSyncExternalStore } from "react";
import type { Connection, ConnectionStore } from "@/apollo/connection";

export interface Live {
  readonly connection: ConnectionStore;
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
