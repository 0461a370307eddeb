/** The workers in a table: where each runs, what it does now, and what it takes. */
import { IconPlayerStop, IconPlugConnected } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import type { ReactElement } from "react";
import { Cell, DataTable } from "@/components/DataTable";
import { Instant } from "@/components/Instant";
import { Names } from "@/components/Names";
import { Pill } from "@/components/Pill";
import type { WorkersPageQuery } from "@/generated/graphql";
import { inOrder } from "@/lib/workers";
import { SlotsBar } from "./SlotsBar";
import classes from "./WorkerTable.module.css";

type Worker = WorkersPageQuery["workers"][number];

const COLUMNS = ["Worker", "State", "Slots in use", "Queues", "Kinds", "Version", "Started", "Last seen"];

export function WorkerTable({ workers }: { readonly workers: readonly Worker[] }): ReactElement {
  return (
    <DataTable label="Workers" columns={COLUMNS}>
      {inOrder(workers).map((worker) => (
        <WorkerRow key={worker.id} worker={worker} />
      ))}
    </DataTable>
  );
}

function WorkerRow({ worker }: { readonly worker: Worker }): ReactElement {
  const { host, pid, slots, running, queues, kinds } = worker;
  return (
    <tr>
      <Cell>
        <span className={classes["host"]}>{host}</span>{" "}
        <span className={classes["pid"]} title={worker.id}>
          process {pid}
        </span>
      </Cell>
      <Cell of="State">
        {worker.isStopping ? (
          <Pill icon={IconPlayerStop} word="Stopping" tone="amber" />
        ) : (
          <Pill icon={IconPlugConnected} word="Takes tasks" tone="quiet" />
        )}
      </Cell>
      <Cell of="Slots in use">
        <SlotsBar slots={slots} running={running} of={`${host}, process ${pid}`} />
      </Cell>
      <Cell of="Queues">
        <Names
          names={queues}
          what="queues"
          render={(queue) => (
            <Link to="/" search={{ queue: [queue] }}>
              {queue}
            </Link>
          )}
        />
      </Cell>
      <Cell of="Kinds">
        <Names names={kinds} what="kinds" />
      </Cell>
      <Cell of="Version">{worker.version}</Cell>
      <Cell of="Started">
        <Instant at={worker.startedAt} />
      </Cell>
      <Cell of="Last seen">
        <Instant at={worker.seenAt} />
      </Cell>
    </tr>
  );
}
