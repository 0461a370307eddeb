/** The actions on the selection, their progress, and afterwards their outcome. */
import { Button, Group, Progress, Text } from "@mantine/core";
import { IconBan, IconRotateClockwise, IconX } from "@tabler/icons-react";
import type { ReactElement } from "react";
import type { Bulk } from "@/hooks/useBulk";
import { plural } from "@/lib/format";
import classes from "./BulkBar.module.css";
import { BulkOutcome } from "./BulkOutcome";

interface Props {
  readonly ids: ReadonlySet<string>;
  readonly bulk: Bulk;
  readonly onClear: () => void;
}

export function BulkBar({ ids, bulk, onClear }: Props): ReactElement | null {
  const { run, isBusy, start, close } = bulk;
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
            onClick={() => start("retry")}
          >
            Retry selected
          </Button>
          <Button
            size="xs"
            variant="default"
            leftSection={<IconBan size={14} aria-hidden />}
            disabled={isBusy}
            onClick={() => start("cancel")}
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
      {run?.isOver && <BulkOutcome action={run.action} outcomes={run.outcomes} onClose={close} />}
    </>
  );
}
