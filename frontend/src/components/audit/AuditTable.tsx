/** Who did what, in a table. */
import { Link } from "@tanstack/react-router";
import type { ReactElement } from "react";
import { Cell, DataTable } from "@/components/DataTable";
import { Instant } from "@/components/Instant";
import type { AuditPageQuery } from "@/generated/graphql";
import { placeOf, wordsOf, wordsOfDetail } from "@/lib/audit";
import classes from "./AuditTable.module.css";

type Entry = AuditPageQuery["audit"]["nodes"][number];

const COLUMNS = ["When", "Who", "What", "To what", "Details"];

export function AuditTable({ entries }: { readonly entries: readonly Entry[] }): ReactElement {
  return (
    <DataTable label="Audit" columns={COLUMNS}>
      {entries.map((entry) => (
        <tr key={entry.id}>
          <Cell of="When">
            <Instant at={entry.at} />
          </Cell>
          <Cell of="Who">
            {entry.actor ?? (
              <span className={classes["quiet"]} title="The API took everybody then">
                no token
              </span>
            )}
          </Cell>
          <Cell of="What">
            <span title={entry.action}>{wordsOf(entry.action)}</span>
          </Cell>
          <Cell of="To what">
            <Subject entry={entry} />
          </Cell>
          <Cell of="Details">{wordsOfDetail(entry.detail)}</Cell>
        </tr>
      ))}
    </DataTable>
  );
}

function Subject({ entry: { action, subject } }: { readonly entry: Entry }): ReactElement | null {
  if (subject === null) return null;
  switch (placeOf(action)) {
    case "task":
      return (
        <Link to="/task/$taskId" params={{ taskId: subject }} className={classes["subject"]}>
          {subject}
        </Link>
      );
    case "queue":
      return (
        <Link to="/" search={{ queue: [subject] }} className={classes["subject"]}>
          {subject}
        </Link>
      );
    case null:
      return <span className={classes["subject"]}>{subject}</span>;
  }
}
