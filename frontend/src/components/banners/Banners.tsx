/** What waits in vain, with the command that ends it: queues without a worker, kinds that no worker knows. */
import { Alert, Code } from "@mantine/core";
import { IconAlertTriangle } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import type { ReactElement } from "react";
import { useUnserved } from "@/hooks/useUnserved";
import { plural } from "@/lib/format";
import type { Unserved } from "@/lib/unserved";
import classes from "./Banners.module.css";

interface Props {
  /** Whether they reach from edge to edge, as above the list. */
  readonly isFlush?: boolean;
}

export function Banners({ isFlush = false }: Props): ReactElement | null {
  const { queues, kinds } = useUnserved();
  if (queues.length === 0 && kinds.length === 0) return null;
  return (
    <Alert
      role="alert"
      variant="light"
      color="amber"
      className={classes["banner"] ?? ""}
      data-flush={isFlush || undefined}
      icon={<IconAlertTriangle size={18} aria-hidden />}
    >
      {queues.map((queue) => (
        <QueueBanner key={queue.name} {...queue} />
      ))}
      {kinds.map((kind) => (
        <KindBanner key={`${kind.kind} ${kind.queue}`} {...kind} />
      ))}
    </Alert>
  );
}

function QueueBanner({ name, waiting }: Unserved["queues"][number]): ReactElement {
  return (
    <p className={classes["line"]}>
      <b>
        No worker takes from the queue{" "}
        <Link to="/" search={{ status: ["PENDING"], queue: [name] }} className={classes["link"]}>
          {name}
        </Link>
        : {waiting > 0 ? plural(waiting, "task waits", "tasks wait") : "tasks wait"}.
      </b>{" "}
      <span className={classes["command"]}>
        Start one that does: <Code>WORKER_QUEUES={name} taskflow worker</Code>
      </span>
    </p>
  );
}

function KindBanner({ kind, queue, waiting, isNowhere }: Unserved["kinds"][number]): ReactElement {
  return (
    <p className={classes["line"]}>
      <b>
        No worker {!isNowhere && `of the queue ${queue} `}knows the kind{" "}
        <Link to="/" search={{ status: ["PENDING"], kind: [kind], queue: [queue] }} className={classes["link"]}>
          {kind}
        </Link>
        : {plural(waiting, "task waits", "tasks wait")}.
      </b>{" "}
      <span className={classes["command"]}>
        Start one with its handler, before they use up their attempts:{" "}
        <Code>WORKER_HANDLERS=your.module{queue !== "default" && ` WORKER_QUEUES=${queue}`} taskflow worker</Code>
      </span>
    </p>
  );
}
