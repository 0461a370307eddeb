/** The queues in a table: what waits in each and for how long, who takes from it, and whether it is paused. */
import { IconPlayerPause, IconPlayerPlay } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import { type ReactElement, useState } from "react";
import { ActionButton } from "@/components/ActionButton";
import { Cell, DataTable } from "@/components/DataTable";
import { useQueueActions } from "@/hooks/useQueueActions";
import { useWhyNot } from "@/hooks/useViewer";
import { useNow } from "@/lib/clock";
import { formatCount, formatElapsed } from "@/lib/format";
import { PauseDialog } from "./PauseDialog";
import { type Queue, QueueState } from "./QueueState";
import classes from "./QueueTable.module.css";

const COLUMNS = ["Queue", "State", "Messages waiting", "Oldest due", "Running", "Workers", ""];
const NUMBERS = ["Messages waiting", "Oldest due", "Running", "Workers"];

export function QueueTable({ queues }: { readonly queues: readonly Queue[] }): ReactElement {
  const [asked, setAsked] = useState<string | null>(null);
  const pausing = queues.find(({ name }) => name === asked);
  return (
    <>
      <DataTable label="Queues" columns={COLUMNS} numbers={NUMBERS}>
        {queues.map((queue) => (
          <QueueRow key={queue.name} queue={queue} onPause={() => setAsked(queue.name)} />
        ))}
      </DataTable>
      {pausing && (
        <PauseDialog
          name={pausing.name}
          reason={pausing.pausedAt === null ? null : (pausing.pauseReason ?? "")}
          onClose={() => setAsked(null)}
        />
      )}
    </>
  );
}

interface RowProps {
  readonly queue: Queue;
  readonly onPause: () => void;
}

function QueueRow({ queue, onPause }: RowProps): ReactElement {
  const { name, waiting, running, workers, oldestAt, pausedAt } = queue;
  const { resume, isBusy } = useQueueActions();
  const why = useWhyNot("OPERATOR");
  const isPaused = pausedAt !== null;
  return (
    <tr>
      <Cell>
        <Link to="/" search={{ status: ["PENDING", "PROCESSING"], queue: [name] }} className={classes["name"]}>
          {name}
        </Link>
      </Cell>
      <Cell of="State">
        <QueueState queue={queue} onReason={why === null ? onPause : null} />
      </Cell>
      <Cell of="Messages waiting" kind="number">
        {waiting === null ? <span title="The broker does not answer">?</span> : formatCount(waiting)}
      </Cell>
      <Cell of="Oldest due" kind="number">
        <Age since={oldestAt} />
      </Cell>
      <Cell of="Running" kind="number">
        {formatCount(running)}
      </Cell>
      <Cell of="Workers" kind="number">
        {formatCount(workers)}
      </Cell>
      <Cell kind="actions">
        <ActionButton
          label={isPaused ? "Resume" : "Pause"}
          name={`${isPaused ? "Resume" : "Pause"} ${name}`}
          icon={isPaused ? <IconPlayerPlay size={14} aria-hidden /> : <IconPlayerPause size={14} aria-hidden />}
          why={why}
          isBusy={isBusy}
          onClick={() => (isPaused ? void resume(name) : onPause())}
        />
      </Cell>
    </tr>
  );
}

/** For how long the oldest due task has been waiting, updated each second. */
function Age({ since }: { readonly since: string | null }): ReactElement {
  const now = useNow(since !== null);
  if (since === null) return <span className={classes["nothing"]}>–</span>;
  return <time dateTime={since}>{formatElapsed(now - Date.parse(since))}</time>;
}
