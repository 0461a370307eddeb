/** The frame of a chart over time: its axes, and a column for each step, which says what ended in that step.
 *
 * A column links to the tasks that were created in its step, and says so: the list does not filter by when a task ended.
 */
import { Link } from "@tanstack/react-router";
import { type CSSProperties, type KeyboardEvent, type ReactElement, type ReactNode, useState } from "react";
import { Panel } from "@/components/Panel";
import type { TaskStatus } from "@/generated/graphql";
import { spread, type Tick } from "@/lib/chart";
import { usePreferences } from "@/lib/preferences";
import classes from "./Chart.module.css";

const LABELS = 6;
const KEYS: Readonly<Record<string, number>> = { ArrowLeft: -1, ArrowRight: 1 };

export interface ChartStep {
  readonly at: string;
  /** The summary of the step: "12 done, 1 failed". */
  readonly words: string;
  /** The marks of the step, where they are not drawn over the whole chart. */
  readonly marks?: ReactNode;
}

interface Props {
  readonly title: string;
  /** What the colours mean. */
  readonly legend: ReactNode;
  readonly steps: readonly ChartStep[];
  readonly stepSeconds: number;
  readonly ticks: readonly Tick[];
  readonly formatTick: (value: number) => string;
  /** The statuses to which a column's link filters. */
  readonly statuses: readonly TaskStatus[];
  /** Drawn over all columns. */
  readonly children?: ReactNode;
  /** The text instead of the chart, when there is nothing to show. */
  readonly nothing: string | null;
}

export function Chart(props: Props): ReactElement {
  const { title, legend, steps, stepSeconds, ticks, formatTick, children, nothing } = props;
  const nameTime = useTimeNames(stepSeconds);
  const [pointed, setPointed] = useState<number | null>(null);
  const said = pointed === null ? undefined : steps[pointed];
  return (
    <Panel title={title} aside={legend}>
      {nothing !== null ? (
        <p className={classes["nothing"]}>{nothing}</p>
      ) : (
        <div className={classes["chart"]}>
          <div className={classes["plot"]}>
            {ticks.map(({ value, at }) => (
              <div key={value} className={classes["grid"]} style={{ bottom: `${at * 100}%` }} aria-hidden>
                <span className={classes["tick"]}>{formatTick(value)}</span>
              </div>
            ))}
            {children}
            <Columns {...props} nameTime={nameTime} onPoint={setPointed} />
          </div>
          <div className={classes["times"]} aria-hidden>
            {spread(steps.length, LABELS).map((index) => (
              <span key={index} style={{ "--at": (index + 0.5) / steps.length } as CSSProperties}>
                {nameTime(steps[index]?.at ?? "")}
              </span>
            ))}
          </div>
          <p className={classes["said"]}>
            {said
              ? `${nameTime(said.at)} · ${said.words} · opens ${listOf(said.at, stepSeconds, nameTime)}`
              : "A column opens the tasks created in its time."}
          </p>
        </div>
      )}
    </Panel>
  );
}

type NameTime = (at: string) => string;

/** Formats an instant as a time of day in the zone that the reader chose. */
function useTimeNames(stepSeconds: number): NameTime {
  const zone = usePreferences().time === "utc" ? "UTC" : undefined;
  return (at) => clockTime(at, zone, stepSeconds < 60);
}

interface ColumnsProps extends Pick<Props, "title" | "steps" | "stepSeconds" | "statuses"> {
  readonly nameTime: NameTime;
  /** Called with the index of the step under the pointer or the focus, or null. */
  readonly onPoint: (index: number | null) => void;
}

/** A link for each step. Tab focuses one of them, the arrow keys move to the others. */
function Columns({ title, steps, stepSeconds, statuses, nameTime, onPoint }: ColumnsProps): ReactElement {
  const { current, onKeyDown } = useArrowKeys(steps.length);
  return (
    <nav
      className={classes["columns"]}
      aria-label={`${title}, by time`}
      onKeyDown={onKeyDown}
      onPointerLeave={() => onPoint(null)}
    >
      {steps.map((step, index) => (
        <Link
          key={step.at}
          to="/"
          search={{ status: statuses, from: step.at, to: endOf(step.at, stepSeconds) }}
          preload={false}
          className={classes["column"]}
          aria-label={`${nameTime(step.at)}: ${step.words}`}
          title={`Opens ${listOf(step.at, stepSeconds, nameTime)}`}
          tabIndex={index === current ? 0 : -1}
          onPointerEnter={() => onPoint(index)}
          onFocus={() => onPoint(index)}
          onBlur={() => onPoint(null)}
        >
          {step.marks}
        </Link>
      ))}
    </nav>
  );
}

/** Moves the focus among `count` links, of which the last is current at first. */
function useArrowKeys(count: number): {
  readonly current: number;
  readonly onKeyDown: (event: KeyboardEvent<HTMLElement>) => void;
} {
  const [stop, setStop] = useState<number | null>(null);
  const current = Math.min(stop ?? count - 1, count - 1);
  const onKeyDown = (event: KeyboardEvent<HTMLElement>): void => {
    const by = KEYS[event.key];
    if (by === undefined) return;
    event.preventDefault();
    const next = Math.min(count - 1, Math.max(0, current + by));
    setStop(next);
    event.currentTarget.querySelectorAll<HTMLElement>("a")[next]?.focus();
  };
  return { current, onKeyDown };
}

const listOf = (at: string, seconds: number, nameTime: NameTime): string =>
  `tasks created ${nameTime(at)}–${nameTime(endOf(at, seconds))}`;

const endOf = (at: string, seconds: number): string => new Date(Date.parse(at) + seconds * 1_000).toISOString();

function clockTime(at: string, zone: string | undefined, withSeconds: boolean): string {
  return new Date(at).toLocaleTimeString("en-GB", {
    hour: "2-digit",
    minute: "2-digit",
    ...(withSeconds && { second: "2-digit" }),
    ...(zone !== undefined && { timeZone: zone }),
  });
}

interface LegendProps {
  readonly entries: readonly { readonly word: string; readonly color: string; readonly isDashed?: boolean }[];
}

export function Legend({ entries }: LegendProps): ReactElement {
  return (
    <span className={classes["legend"]}>
      {entries.map(({ word, color, isDashed }) => (
        <span key={word} className={classes["entry"]}>
          <span
            className={classes["swatch"]}
            data-dashed={isDashed || undefined}
            style={{ "--mark": `var(--tf-${color}-mark)` } as CSSProperties}
            aria-hidden
          />
          {word}
        </span>
      ))}
    </span>
  );
}
