/** How many tasks ended over time: done, failed and cancelled, stacked. */
import type { CSSProperties, ReactElement } from "react";
import type { OverviewPageQuery } from "@/generated/graphql";
import { linearTicks } from "@/lib/chart";
import { formatCompact, formatCount } from "@/lib/format";
import { Chart, Legend } from "./Chart";
import classes from "./Chart.module.css";

type History = OverviewPageQuery["history"];
type Step = History["steps"][number];

const PARTS = [
  { of: "cancelled", word: "cancelled", color: "stone" },
  { of: "failed", word: "failed", color: "rose" },
  { of: "done", word: "done", color: "jade" },
] as const;

const totalOf = ({ done, failed, cancelled }: Step): number => done + failed + cancelled;

export function Throughput({ history }: { readonly history: History }): ReactElement {
  const { steps, stepSeconds } = history;
  const ticks = linearTicks(Math.max(...steps.map(totalOf), 1));
  const top = ticks.at(-1)?.value ?? 1;
  const ended = steps.reduce((sum, step) => sum + totalOf(step), 0);
  return (
    <Chart
      title="Throughput"
      legend={<Legend entries={PARTS.toReversed().map(({ word, color }) => ({ word, color }))} />}
      stepSeconds={stepSeconds}
      ticks={ticks}
      formatTick={formatCompact}
      statuses={["DONE", "FAILED", "CANCELLED"]}
      nothing={ended === 0 ? "No task ended in this time." : null}
      steps={steps.map((step) => ({
        at: step.at,
        words: PARTS.toReversed()
          .filter(({ of }) => of === "done" || step[of] > 0)
          .map(({ of, word }) => `${formatCount(step[of])} ${word}`)
          .join(", "),
        marks: PARTS.filter(({ of }) => step[of] > 0).map(({ of, color }) => (
          <span
            key={of}
            className={classes["bar"]}
            style={{ height: `${(100 * step[of]) / top}%`, "--mark": `var(--tf-${color}-mark)` } as CSSProperties}
          />
        )),
      }))}
    />
  );
}
