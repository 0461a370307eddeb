/** The timeline of a task: its waits and runs in order, each as a bar on the whole span. */
import { Tooltip } from "@mantine/core";
import type { CSSProperties, ReactElement } from "react";
import { Panel } from "@/components/Panel";
import { formatDuration, formatInstant, formatSpan } from "@/lib/format";
import { type Outcome, type Phase, type PhaseKind, sumsOf } from "@/lib/phases";
import { usePreferences } from "@/lib/preferences";
import classes from "./TaskTimeline.module.css";

const LABEL: Record<PhaseKind, string> = {
  scheduled: "Scheduled",
  queued: "In the queue",
  running: "Attempt",
  backoff: "Before the next attempt",
  ended: "At rest",
};

const COLOR: Record<PhaseKind, string> = {
  scheduled: "stone",
  queued: "amber",
  running: "azure",
  backoff: "amber",
  ended: "stone",
};

const OUTCOME_COLOR: Record<Outcome, string> = {
  done: "jade",
  failed: "rose",
  cancelled: "stone",
  "given back": "amber",
};

const OUTCOME_WORD: Record<Outcome, string> = {
  done: "done",
  failed: "failed",
  cancelled: "cancelled",
  "given back": "given back",
};

const colorOf = ({ kind, outcome }: Phase): string => (outcome ? OUTCOME_COLOR[outcome] : COLOR[kind]);

function labelOf({ kind, attempt, outcome, isOpen }: Phase): string {
  if (kind !== "running") return LABEL[kind];
  return `Attempt ${attempt} ${outcome ? OUTCOME_WORD[outcome] : isOpen ? "running" : "ran"}`;
}

/** The width of a bar, so that a short phase stays visible beside a long one. */
const weightOf = ({ from, to }: Phase, total: number): number => Math.max(to - from, total / 60, 1);

function placeOf(phase: Phase, start: number, total: number): CSSProperties {
  const share = (ms: number): string => `${(100 * ms) / Math.max(total, 1)}%`;
  const color = `var(--tf-${colorOf(phase)}-mark)`;
  return {
    "--segment": color,
    left: `min(${share(phase.from - start)}, 100% - 3px)`,
    width: share(phase.to - phase.from),
  } as CSSProperties;
}

export function TaskTimeline({ phases }: { readonly phases: readonly Phase[] }): ReactElement {
  const sums = sumsOf(phases);
  const start = phases[0]?.from ?? 0;
  const zone = usePreferences().time === "utc" ? "utc" : "local";
  return (
    <Panel title="Timeline" aside={<Sums sums={sums} open={phases.find(({ isOpen }) => isOpen)} />}>
      <div className={classes["bar"]} aria-hidden>
        {phases.map((phase) => (
          <span
            key={`${phase.version}-${phase.kind}`}
            className={classes["segment"]}
            data-kind={phase.kind}
            data-open={phase.isOpen || undefined}
            title={`${labelOf(phase)}: ${formatSpan(phase)}`}
            style={
              {
                flexGrow: weightOf(phase, sums.total),
                "--segment": `var(--tf-${colorOf(phase)}-mark)`,
              } as CSSProperties
            }
          />
        ))}
      </div>
      <ol className={classes["list"]}>
        {phases.map((phase) => (
          <li key={`${phase.version}-${phase.kind}`} className={classes["phase"]}>
            <span
              className={classes["dot"]}
              data-kind={phase.kind}
              style={{ "--segment": `var(--tf-${colorOf(phase)}-mark)` } as CSSProperties}
              aria-hidden
            />
            <span className={classes["label"]}>{labelOf(phase)}</span>
            <span className={classes["track"]} aria-hidden>
              <span
                className={classes["place"]}
                data-kind={phase.kind}
                data-open={phase.isOpen || undefined}
                style={placeOf(phase, start, sums.total)}
              />
            </span>
            <Tooltip label={formatInstant(phase.at, zone, true)}>
              <time className={classes["at"]} dateTime={phase.at}>
                {phase.from === start ? "created" : `+${formatDuration(phase.from - start)}`}
              </time>
            </Tooltip>
            <span className={classes["span"]}>{formatSpan(phase)}</span>
          </li>
        ))}
      </ol>
    </Panel>
  );
}

interface SumsProps {
  readonly sums: ReturnType<typeof sumsOf>;
  /** The phase that goes on: a sum that has it ticks in whole seconds, as the phase itself. */
  readonly open: Phase | undefined;
}

function Sums({ sums, open }: SumsProps): ReactElement {
  const isRunning = open?.kind === "running";
  const tell = (ms: number, goesOn: boolean): string => formatSpan({ from: 0, to: ms, isOpen: goesOn });
  const parts = [
    `waited ${tell(sums.waited, open !== undefined && !isRunning)}`,
    `ran ${tell(sums.ran, isRunning)}`,
    ...(sums.rested > 0 ? [`rested ${formatDuration(sums.rested)}`] : []),
  ];
  return (
    <>
      {parts.join(" + ")} = <strong className={classes["total"]}>{tell(sums.total, open !== undefined)}</strong>
    </>
  );
}
