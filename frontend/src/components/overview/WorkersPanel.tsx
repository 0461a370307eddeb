/** The workers in short: how many, how busy, and the first of them. Links to their page. */
import { Link } from "@tanstack/react-router";
import type { ReactElement } from "react";
import { Panel } from "@/components/Panel";
import { SlotsBar } from "@/components/workers/SlotsBar";
import type { OverviewPageQuery } from "@/generated/graphql";
import { formatCount, plural } from "@/lib/format";
import { inOrder, slotsOf } from "@/lib/workers";
import classes from "./WorkersPanel.module.css";

const SHOWN = 6;

export function WorkersPanel({ workers }: { readonly workers: OverviewPageQuery["workers"] }): ReactElement {
  const { slots, running } = slotsOf(workers);
  return (
    <Panel
      title="Workers"
      aside={
        <Link to="/workers">
          {workers.length === 0
            ? "none"
            : `${plural(workers.length, "process", "processes")}, ${formatCount(running)} of ${plural(slots, "slot")} in use`}
        </Link>
      }
    >
      {workers.length === 0 ? (
        <p className={classes["nothing"]}>No worker runs: tasks wait until one does.</p>
      ) : (
        <ul className={classes["list"]}>
          {inOrder(workers)
            .slice(0, SHOWN)
            .map(({ id, host, pid, isStopping, ...worker }) => (
              <li key={id} className={classes["worker"]}>
                <span className={classes["name"]}>
                  {host} <span className={classes["pid"]}>{isStopping ? "stopping" : `process ${pid}`}</span>
                </span>
                <SlotsBar {...worker} of={`${host}, process ${pid}`} />
              </li>
            ))}
          {workers.length > SHOWN && (
            <li>
              <Link to="/workers">{formatCount(workers.length - SHOWN)} more</Link>
            </li>
          )}
        </ul>
      )}
    </Panel>
  );
}
