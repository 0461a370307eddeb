/** The kinds that take longest, the kinds that fail most, and the messages that wait in each queue. */
import type { ReactElement } from "react";
import type { OverviewPageQuery } from "@/generated/graphql";
import { formatCompact, formatDuration, formatRate, plural } from "@/lib/format";
import { failureRate, mostFailing, slowest } from "@/lib/kinds";
import { RANGES, type TimeRange } from "@/lib/tasksSearch";
import { Ranking } from "./Ranking";
import classes from "./Rankings.module.css";

interface Props {
  readonly kinds: OverviewPageQuery["history"]["kinds"];
  readonly queues: OverviewPageQuery["queues"];
  /** The filter of the list that is closest to the span. */
  readonly range: TimeRange;
}

export function Rankings({ kinds, queues, range }: Props): ReactElement {
  const slow = slowest(kinds);
  const failing = mostFailing(kinds);
  const created = `created in the ${RANGES[range].label.toLowerCase()}`;
  const longest = slow[0]?.p95Ms ?? 1;
  const mostFailed = failing[0]?.failed ?? 1;
  const deepest = Math.max(1, ...queues.map(({ waiting }) => waiting ?? 0));
  return (
    <div className={classes["columns"]}>
      <Ranking
        title="Slowest kinds"
        aside="p95"
        color="amber"
        nothing="No attempt ended in this time."
        entries={slow.map(({ kind, done, failed, p50Ms, p95Ms }) => ({
          name: kind,
          share: (p95Ms ?? 0) / Math.max(longest, 1),
          figure: formatDuration(p95Ms ?? 0),
          note: `p50 ${formatDuration(p50Ms ?? 0)} · ${plural(done + failed, "task")}`,
          search: { kind: [kind], range },
          opens: `Opens tasks ${created}`,
        }))}
      />
      <Ranking
        title="Most failing kinds"
        aside="tasks failed"
        color="rose"
        nothing="Nothing failed in this time."
        entries={failing.map((one) => ({
          name: one.kind,
          share: one.failed / mostFailed,
          figure: formatCompact(one.failed),
          note: `${formatRate(failureRate(one))} of ${formatCompact(one.done + one.failed)}`,
          search: { status: ["FAILED"], kind: [one.kind], range },
          opens: `Opens failed tasks ${created}`,
        }))}
      />
      <Ranking
        title="Queues"
        aside="messages waiting"
        color="azure"
        nothing="There is no queue yet."
        entries={queues.map(({ name, waiting, running, pausedAt }) => ({
          name,
          share: (waiting ?? 0) / deepest,
          figure: waiting === null ? "?" : formatCompact(waiting),
          note:
            pausedAt !== null
              ? "paused"
              : isStuck(waiting, running)
                ? "nothing runs"
                : `${formatCompact(running)} running`,
          search: { status: ["PENDING", "PROCESSING"], queue: [name] },
          isAlarming: pausedAt === null && isStuck(waiting, running),
        }))}
      />
    </div>
  );
}

const isStuck = (waiting: number | null, running: number): boolean => waiting !== null && waiting > 0 && running === 0;
