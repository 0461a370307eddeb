/** Asks why a queue is to be paused, and says what that does. Of one that is paused it changes the reason. */
import { Button, Group, Modal, Stack, Text, Textarea } from "@mantine/core";
import { IconPlayerPause } from "@tabler/icons-react";
import { type ReactElement, type SyntheticEvent, useRef } from "react";
import { useQueueActions } from "@/hooks/useQueueActions";

const REASON_MAX = 1_000;

interface Props {
  readonly name: string;
  /** Of a queue that is paused; null of one that is not. */
  readonly reason: string | null;
  readonly onClose: () => void;
}

export function PauseDialog({ name, reason, onClose }: Props): ReactElement {
  const { pause, isBusy } = useQueueActions();
  const field = useRef<HTMLTextAreaElement>(null);
  const isPaused = reason !== null;
  const submit = async (event: SyntheticEvent): Promise<void> => {
    event.preventDefault();
    if (!isBusy && (await pause(name, field.current?.value.trim() || null))) onClose();
  };
  return (
    <Modal opened onClose={onClose} title={isPaused ? `Why ${name} is paused` : `Pause the queue ${name}`}>
      <form onSubmit={(event) => void submit(event)}>
        <Stack gap="md">
          {!isPaused && (
            <Text size="sm">
              Within a second workers take no more tasks from it. Those that run go on to their end, new ones are
              accepted and wait. It stays paused over restarts, until somebody resumes it.
            </Text>
          )}
          <Textarea
            ref={field}
            label="Reason"
            description="Who looks at the queue next reads it."
            placeholder="The payment provider is down until noon"
            defaultValue={reason ?? ""}
            maxLength={REASON_MAX}
            rows={2}
            data-autofocus
          />
          <Group justify="flex-end" gap="sm">
            <Button size="xs" variant="default" onClick={onClose}>
              {isPaused ? "Leave it" : "Let it run"}
            </Button>
            <Button type="submit" size="xs" loading={isBusy} leftSection={<IconPlayerPause size={14} aria-hidden />}>
              {isPaused ? "Save the reason" : "Pause"}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
