/** How long last attempts took over time: the median and the 95th percentile. */
import type { CSSProperties, ReactElement } from "react";
import type { OverviewPageQuery } from "@/generated/graphql";
import { durationTicks, formatDurationTick, linePaths, placeOnTicks } from "@/lib/chart";
import { formatDuration } from "@/lib/format";
import { Chart, Legend } from "./Chart";
import classes from "./Chart.module.css";

type History = OverviewPageQuery["history"];

const LINES = [
  { of: "p95Ms", word: "p95", color: "amber", isDashed: true },
  { of: "p50Ms", word: "p50", color: "azure", isDashed: false },
] as const;

export function Durations({ history }: { readonly history: History }): ReactElement {
  const { steps, stepSeconds } = history;
  const values = steps.flatMap(({ p50Ms, p95Ms }) => [p50Ms, p95Ms]).filter((one) => one !== null);
  const ticks = durationTicks(values);
  return (
    <Chart
      title="Duration"
      legend={<Legend entries={LINES.toReversed()} />}
      stepSeconds={stepSeconds}
      ticks={ticks}
      formatTick={formatDurationTick}
      statuses={["DONE", "FAILED"]}
      nothing={values.length === 0 ? "No attempt ended in this time." : null}
      steps={steps.map(({ at, p50Ms, p95Ms }) => ({
        at,
        words:
          p50Ms === null || p95Ms === null
            ? "nothing ended"
            : `p50 ${formatDuration(p50Ms)}, p95 ${formatDuration(p95Ms)}`,
      }))}
    >
      <svg className={classes["lines"]} viewBox="0 0 100 100" preserveAspectRatio="none" aria-hidden>
        {LINES.map(({ of, color, isDashed }) =>
          linePaths(steps.map((step) => (step[of] === null ? null : placeOnTicks(step[of], ticks)))).map((path) => (
            <path
              key={`${of} ${path}`}
              d={path}
              data-dashed={isDashed || undefined}
              data-dot={path.endsWith("h 0") || undefined}
              style={{ "--mark": `var(--tf-${color}-mark)` } as CSSProperties}
            />
          )),
        )}
      </svg>
    </Chart>
  );
}
