/** What can be done with the selection; and, once it was done, what became of each. */
import { Button, Group, Progress, Text } from "@mantine/core";
import { IconBan, IconRotateClockwise, IconX } from "@tabler/icons-react";
import { type ReactElement, useState } from "react";
import { type Outcome, type TaskAction, useTaskActions } from "@/hooks/useTaskActions";
import { plural } from "@/lib/format";
import classes from "./BulkBar.module.css";
import { BulkOutcome } from "./BulkOutcome";

interface Props {
  readonly ids: ReadonlySet<string>;
  readonly onClear: () => void;
}

interface Run {
  readonly action: TaskAction;
  readonly total: number;
  readonly outcomes: readonly Outcome[];
  readonly isOver: boolean;
}

export function BulkBar({ ids, onClear }: Props): ReactElement | null {
  const { runAll } = useTaskActions();
  const [run, setRun] = useState<Run | null>(null);
  const isBusy = run !== null && !run.isOver;

  const start = async (action: TaskAction): Promise<void> => {
    const chosen = [...ids];
    setRun({ action, total: chosen.length, outcomes: [], isOver: false });
    const outcomes = await runAll(action, chosen, (outcome) =>
      setRun((before) => before && { ...before, outcomes: [...before.outcomes, outcome] }),
    );
    setRun({ action, total: chosen.length, outcomes, isOver: true });
    if (outcomes.every(({ refusal }) => refusal === null)) onClear();
  };

  return (
    <>
      {(ids.size > 0 || isBusy) && (
        <Group className={classes["bar"] ?? ""} gap={8} role="region" aria-label="Selection">
          <Text size="sm" fw={600}>
            {plural(ids.size, "task")} selected
          </Text>
          <Button
            size="xs"
            variant="default"
            leftSection={<IconRotateClockwise size={14} aria-hidden />}
            disabled={isBusy}
            onClick={() => void start("retry")}
          >
            Retry selected
          </Button>
          <Button
            size="xs"
            variant="default"
            leftSection={<IconBan size={14} aria-hidden />}
            disabled={isBusy}
            onClick={() => void start("cancel")}
          >
            Cancel selected
          </Button>
          {run && isBusy && (
            <Progress
              className={classes["progress"] ?? ""}
              value={(run.outcomes.length / run.total) * 100}
              aria-label={`${run.outcomes.length} of ${run.total}`}
            />
          )}
          <Button
            size="xs"
            variant="subtle"
            color="gray"
            ml="auto"
            leftSection={<IconX size={13} aria-hidden />}
            onClick={onClear}
          >
            Clear selection
          </Button>
        </Group>
      )}
      {run?.isOver && <BulkOutcome action={run.action} outcomes={run.outcomes} onClose={() => setRun(null)} />}
    </>
  );
}
