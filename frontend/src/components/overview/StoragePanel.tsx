/** How large the tables of tasks and of their histories are. */
import type { ReactElement } from "react";
import { Panel } from "@/components/Panel";
import type { OverviewPageQuery } from "@/generated/graphql";
import { formatBytes, formatCompact, formatCount } from "@/lib/format";
import classes from "./StoragePanel.module.css";

export function StoragePanel({ storage }: { readonly storage: OverviewPageQuery["storage"] }): ReactElement {
  const { tasks, events, bytes } = storage;
  return (
    <Panel title="Database" aside="tables with their indexes">
      <dl className={classes["facts"]}>
        <Fact name="Size" value={formatBytes(bytes)} exact={`${formatCount(bytes)} bytes`} />
        <Fact name="Tasks" value={formatCompact(tasks)} exact={formatCount(tasks)} />
        <Fact name="Recorded changes" value={formatCompact(events)} exact={formatCount(events)} />
      </dl>
    </Panel>
  );
}

interface Props {
  readonly name: string;
  readonly value: string;
  readonly exact: string;
}

function Fact({ name, value, exact }: Props): ReactElement {
  return (
    <div>
      <dt>{name}</dt>
      <dd title={exact}>{value}</dd>
    </div>
  );
}
