/** The state of the connection: live, reconnecting and for how long, or offline. */
import { Tooltip } from "@mantine/core";
import type { ReactElement } from "react";
import type { Connection } from "@/apollo/connection";
import { useConnection } from "@/hooks/live";
import { useCaughtUp } from "@/hooks/useCaughtUp";
import { useNow } from "@/lib/clock";
import classes from "./ConnectionIndicator.module.css";

function describe(connection: Connection, now: number): { readonly word: string; readonly hint: string } {
  switch (connection.state) {
    case "connecting":
      return { word: "Connecting", hint: "The page is about to be live" };
    case "live":
      return { word: "Live", hint: "Changes show as they happen" };
    case "reconnecting": {
      const seconds = Math.max(1, Math.round((now - connection.since) / 1_000));
      return { word: `Reconnecting (${seconds} s)`, hint: "What you see may be out of date" };
    }
    case "offline":
      return { word: "Offline", hint: "This machine has no network. What you see is out of date" };
  }
}

export function ConnectionIndicator(): ReactElement {
  const connection = useConnection();
  const now = useNow(connection.state === "reconnecting");
  const caughtUp = useCaughtUp();
  const { word: state, hint } = describe(connection, now);
  const word = connection.state === "live" && caughtUp !== null ? `${state}, ${caughtUp}` : state;
  return (
    <Tooltip label={hint}>
      <div className={classes["pill"]} data-state={connection.state} role="status" aria-label={`Connection: ${word}`}>
        <span className={classes["dot"]} aria-hidden />
        <span className={classes["word"]}>{word}</span>
      </div>
    </Tooltip>
  );
}
