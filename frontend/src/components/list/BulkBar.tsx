/** The actions on the selection, their progress, and afterwards their outcome. */
import { Button, Group, Progress, Text } from "@mantine/core";
import { IconBan, IconRotateClockwise, IconX } from "@tabler/icons-react";
import type { ReactElement } from "react";
import { ActionButton } from "@/components/ActionButton";
import type { Bulk } from "@/hooks/useBulk";
import { useWhyNot } from "@/hooks/useViewer";
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
  const whyNot = useWhyNot("OPERATOR");
  const why = whyNot ?? (isBusy ? "It is under way" : null);
  return (
    <>
      {(ids.size > 0 || isBusy) && (
        <Group className={classes["bar"] ?? ""} gap={8} role="region" aria-label="Selection">
          <Text size="sm" fw={600}>
            {plural(ids.size, "task")} selected
          </Text>
          <ActionButton
            label="Retry selected"
            icon={<IconRotateClockwise size={14} aria-hidden />}
            why={why}
            onClick={() => start("retry")}
          />
          <ActionButton
            label="Cancel selected"
            icon={<IconBan size={14} aria-hidden />}
            why={why}
            onClick={() => start("cancel")}
          />
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
