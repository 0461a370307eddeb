/** Whether tasks of a queue are taken; of a paused one since when, by whom and why. */
import { UnstyledButton } from "@mantine/core";
import { IconAlertTriangle, IconCircleDashed, IconPlayerPause, IconPlugConnected } from "@tabler/icons-react";
import type { ReactElement } from "react";
import { Instant } from "@/components/Instant";
import { Pill } from "@/components/Pill";
import type { QueuesPageQuery } from "@/generated/graphql";
import classes from "./QueueTable.module.css";

export type Queue = QueuesPageQuery["queues"][number];

interface Props {
  readonly queue: Queue;
  /** Changes the reason; null for a reader who may not. */
  readonly onReason: (() => void) | null;
}

export function QueueState({ queue, onReason }: Props): ReactElement {
  const { name, waiting, workers, oldestAt, pausedAt, pausedBy, pauseReason } = queue;
  if (pausedAt !== null) {
    return (
      <div className={classes["paused"]}>
        <Pill icon={IconPlayerPause} word="Paused" tone="amber" />
        <span className={classes["since"]}>
          <Instant at={pausedAt} />
          {pausedBy !== null && <> by {pausedBy}</>}
        </span>
        {pauseReason && <span className={classes["reason"]}>{pauseReason}</span>}
        {onReason !== null && (
          <UnstyledButton
            className={classes["edit"] ?? ""}
            aria-label={`Change why ${name} is paused`}
            onClick={onReason}
          >
            {pauseReason ? "change" : "give a reason"}
          </UnstyledButton>
        )}
      </div>
    );
  }
  if (workers > 0) return <Pill icon={IconPlugConnected} word="Open" tone="quiet" />;
  const isWaiting = (waiting ?? 0) > 0 || oldestAt !== null;
  return isWaiting ? (
    <Pill icon={IconAlertTriangle} word="No worker" tone="amber" />
  ) : (
    <Pill icon={IconCircleDashed} word="No worker, nothing waits" tone="quiet" />
  );
}
