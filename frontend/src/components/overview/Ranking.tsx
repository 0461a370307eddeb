/** A short list with the highest first: each row has a name, a bar and a figure, and links to the tasks. */
import { Link } from "@tanstack/react-router";
import type { CSSProperties, ReactElement } from "react";
import { Panel } from "@/components/Panel";
import type { TasksSearch } from "@/lib/tasksSearch";
import classes from "./Ranking.module.css";

export interface Entry {
  readonly name: string;
  /** 0 to 1. */
  readonly share: number;
  readonly figure: string;
  readonly note: string;
  readonly search: TasksSearch;
  /** What the link shows, where that differs from what the figure counts. */
  readonly opens?: string;
  /** Whether the figure is marked as a problem. */
  readonly isAlarming?: boolean;
}

interface Props {
  readonly title: string;
  readonly aside: string;
  readonly color: string;
  readonly entries: readonly Entry[];
  readonly nothing: string;
}

export function Ranking({ title, aside, color, entries, nothing }: Props): ReactElement {
  return (
    <Panel title={title} aside={aside} isFlush>
      {entries.length === 0 ? (
        <p className={classes["nothing"]}>{nothing}</p>
      ) : (
        <ol className={classes["list"]} style={{ "--mark": `var(--tf-${color}-mark)` } as CSSProperties}>
          {entries.map(({ name, share, figure, note, search, opens, isAlarming }) => (
            <li key={name}>
              <Link
                to="/"
                search={search}
                title={opens}
                className={classes["entry"]}
                data-alarming={isAlarming || undefined}
              >
                <span className={classes["name"]}>{name}</span>
                <span className={classes["note"]}>{note}</span>
                <span className={classes["figure"]}>{figure}</span>
                <span className={classes["track"]} aria-hidden>
                  <span className={classes["bar"]} style={{ width: `${Math.min(100, share * 100)}%` }} />
                </span>
              </Link>
            </li>
          ))}
        </ol>
      )}
    </Panel>
  );
}
