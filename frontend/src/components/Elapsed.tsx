/** How long the latest attempt took; while it runs, how long it has been running, updated each second. */
import type { ReactElement } from "react";
import type { TaskStatus } from "@/generated/graphql";
import { useNow } from "@/lib/clock";
import { formatDuration, formatElapsed } from "@/lib/format";

interface Props {
  readonly status: TaskStatus;
  readonly startedAt: string | null;
  readonly durationMs: number | null;
}

export function Elapsed({ status, startedAt, durationMs }: Props): ReactElement | null {
  const isRunning = status === "PROCESSING" && startedAt !== null;
  const now = useNow(isRunning);
  if (isRunning) return <>{formatElapsed(now - Date.parse(startedAt))}</>;
  return durationMs === null ? null : <>{formatDuration(durationMs)}</>;
}
