/** A warning about queues in which messages wait and no task runs, with what to do. */
import { Alert, Code } from "@mantine/core";
import { IconAlertTriangle } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import { type ReactElement, useState } from "react";
import type { OverviewPageQuery } from "@/generated/graphql";
import { useNow } from "@/lib/clock";
import { plural } from "@/lib/format";
import classes from "./StuckQueues.module.css";

type Queues = OverviewPageQuery["queues"];

const stuckIn = (queues: Queues): Queues =>
  queues.filter(({ waiting, running }) => waiting !== null && waiting > 0 && running === 0);

const PATIENCE_MS = 5_000;

/** A queue may look stuck for a moment between two tasks: the warning waits until that lasts. */
export function StuckQueues({ queues }: { readonly queues: Queues }): ReactElement | null {
  const stuck = stuckIn(queues);
  const names = stuck.map(({ name }) => name).join();
  const now = useNow(stuck.length > 0);
  const [seen, setSeen] = useState({ names, since: now });
  if (seen.names !== names) setSeen({ names, since: now });
  if (stuck.length === 0 || now - seen.since < PATIENCE_MS) return null;
  return (
    <Alert
      role="alert"
      variant="light"
      color="amber"
      className={classes["banner"] ?? ""}
      icon={<IconAlertTriangle size={18} aria-hidden />}
      title={stuck.length === 1 ? "A queue waits, and nothing of it runs" : "Queues wait, and nothing of them runs"}
    >
      {stuck.map(({ name, waiting }) => (
        <div key={name}>
          <Link to="/" search={{ status: ["PENDING"], queue: [name] }} className={classes["link"]}>
            {name}
          </Link>
          : {plural(waiting ?? 0, "message waits", "messages wait")}. Start a worker that takes from it:{" "}
          <Code>WORKER_QUEUES={name} taskflow worker</Code>
        </div>
      ))}
    </Alert>
  );
}
