/** How many tasks have each status now, and how many messages wait: live, each a link to the list. */
import { useFragment } from "@apollo/client/react";
import { IconStack2 } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import type { ReactElement, ReactNode } from "react";
import { OverviewFigures_statsFragmentDoc } from "@/generated/graphql";
import { formatCompact, formatCount } from "@/lib/format";
import { STATUS, STATUSES } from "@/lib/status";
import classes from "./OverviewFigures.module.css";

export function OverviewFigures(): ReactElement {
  const { data, complete } = useFragment({
    fragment: OverviewFigures_statsFragmentDoc,
    fragmentName: "OverviewFigures_stats",
    from: "Stats:{}",
  });
  const countOf = (status: string): number | undefined =>
    complete ? (data.byStatus.find((one) => one.status === status)?.count ?? 0) : undefined;
  return (
    <ul className={classes["figures"]} aria-label="Now">
      {STATUSES.map((status) => {
        const { word, icon: Icon, color } = STATUS[status];
        return (
          <li key={status}>
            <Link to="/" search={{ status: [status] }} className={classes["figure"]}>
              <Figure
                label={word}
                icon={<Icon size={15} aria-hidden style={{ color: `var(--tf-${color}-mark)` }} />}
                count={countOf(status)}
              />
            </Link>
          </li>
        );
      })}
      <li>
        <Link to="/" search={{ status: ["PENDING"], sort: "oldest" }} className={classes["figure"]}>
          <Figure
            label="In the broker"
            icon={<IconStack2 size={15} aria-hidden />}
            count={complete ? data.queueDepth : undefined}
          />
        </Link>
      </li>
    </ul>
  );
}

interface FigureProps {
  readonly label: string;
  readonly icon: ReactNode;
  readonly count: number | undefined;
}

function Figure({ label, icon, count }: FigureProps): ReactElement {
  return (
    <>
      <span className={classes["label"]}>
        {icon} {label}
      </span>
      <span className={classes["count"]} title={count === undefined ? undefined : formatCount(count)}>
        {count === undefined ? "–" : formatCompact(count)}
      </span>
    </>
  );
}
