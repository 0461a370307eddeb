/** Hands the app's one connection, and what passes over it, to the components below. */
import type { ReactElement, ReactNode } from "react";
import { LiveContext } from "@/hooks/live";
import type { ConnectionStore } from "@/apollo/connection";

export function LiveProvider({
  connection,
  children,
}: {
  readonly connection: ConnectionStore;
  readonly children: ReactNode;
}): ReactElement {
  return <LiveContext value={{ connection }}>{children}</LiveContext>;
}
