/** How many of a worker's slots have a task, as a bar and in figures. */
import type { ReactElement } from "react";
import { formatCount } from "@/lib/format";
import type { Slots } from "@/lib/workers";
import classes from "./SlotsBar.module.css";

interface Props extends Slots {
  /** Whose slots: "worker-1, process 4711". */
  readonly of: string;
}

export function SlotsBar({ slots, running, of }: Props): ReactElement {
  return (
    <div className={classes["slots"]}>
      <div
        className={classes["track"]}
        role="meter"
        aria-label={`Slots in use of ${of}`}
        aria-valuemin={0}
        aria-valuemax={slots}
        aria-valuenow={Math.min(running, slots)}
        aria-valuetext={`${running} of ${slots}`}
      >
        <span style={{ width: `${slots === 0 ? 0 : Math.min(100, (100 * running) / slots)}%` }} />
      </div>
      <span className={classes["figures"]} aria-hidden>
        {formatCount(running)} of {formatCount(slots)}
      </span>
    </div>
  );
}
