/** Provides the app's one connection and its stream of events to the components below. */
import type { ReactElement, ReactNode } from "react";
import { type Live, LiveContext } from "@/hooks/live";
import { useLiveSubscriptions } from "@/hooks/useLiveSubscriptions";

interface Props {
  readonly live: Live;
  readonly children: ReactNode;
}

export function LiveProvider({ live, children }: Props): ReactElement {
  return (
    <LiveContext value={live}>
      <Subscriptions />
      {children}
    </LiveContext>
  );
}

/** A component that renders nothing, so that an event renders no other component. */
function Subscriptions(): null {
  useLiveSubscriptions();
  return null;
}
