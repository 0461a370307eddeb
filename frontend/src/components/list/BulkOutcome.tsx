/** The outcome of a bulk action: how many tasks it changed, and why the others were refused. */
import { useFragment } from "@apollo/client/react";
import { Button, Group, Modal, ScrollArea, Stack, Table, Text } from "@mantine/core";
import { IconCheck, IconX } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import type { ReactElement } from "react";
import { BulkOutcome_taskFragmentDoc } from "@/generated/graphql";
import type { Outcome, TaskAction } from "@/hooks/useTaskActions";
import { plural } from "@/lib/format";

const WORDS: Record<TaskAction, { readonly done: string; readonly title: string }> = {
  retry: { done: "retried", title: "Retry" },
  cancel: { done: "cancelled", title: "Cancel" },
};
const SHOWN = 200;

interface Props {
  readonly action: TaskAction;
  readonly outcomes: readonly Outcome[];
  readonly onClose: () => void;
}

export function BulkOutcome({ action, outcomes, onClose }: Props): ReactElement {
  const refused = outcomes.filter(({ refusal }) => refusal !== null);
  const done = outcomes.length - refused.length;
  const inOrder = [...refused, ...outcomes.filter(({ refusal }) => refusal === null)];
  return (
    <Modal opened onClose={onClose} size="lg" title={`${WORDS[action].title}: what became of it`}>
      <Stack gap="sm">
        <Group gap="lg">
          <Text size="sm">
            <b>{plural(done, "task")}</b> {WORDS[action].done}
          </Text>
          {refused.length > 0 && (
            <Text size="sm" c="var(--tf-rose-text)">
              <b>{plural(refused.length, "task")}</b> refused
            </Text>
          )}
        </Group>
        <ScrollArea.Autosize mah={360} viewportProps={{ tabIndex: 0 }}>
          <Table aria-label="Outcomes" fz="sm">
            <Table.Tbody>
              {inOrder.slice(0, SHOWN).map((outcome) => (
                <OutcomeRow key={outcome.id} outcome={outcome} word={WORDS[action].done} />
              ))}
            </Table.Tbody>
          </Table>
        </ScrollArea.Autosize>
        {inOrder.length > SHOWN && (
          <Text size="xs">and {plural(inOrder.length - SHOWN, "more task", "more tasks")}</Text>
        )}
        <Button ml="auto" size="xs" onClick={onClose}>
          Close
        </Button>
      </Stack>
    </Modal>
  );
}

function OutcomeRow({ outcome, word }: { readonly outcome: Outcome; readonly word: string }): ReactElement {
  const { data } = useFragment({
    fragment: BulkOutcome_taskFragmentDoc,
    from: { __typename: "Task", id: outcome.id },
  });
  const Icon = outcome.refusal === null ? IconCheck : IconX;
  return (
    <Table.Tr>
      <Table.Td w={32}>
        <Icon size={15} aria-hidden color={`var(--tf-${outcome.refusal === null ? "jade" : "rose"}-mark)`} />
      </Table.Td>
      <Table.Td w="36%" style={{ overflowWrap: "anywhere" }}>
        <Link to="/task/$taskId" params={{ taskId: outcome.id }}>
          {data.title ?? outcome.id}
        </Link>
      </Table.Td>
      <Table.Td>{outcome.refusal ?? word}</Table.Td>
    </Table.Tr>
  );
}
