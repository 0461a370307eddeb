/** Asks before what can't be undone, and says what will be gone. */
import { Button, Group, Modal, Stack, Text } from "@mantine/core";
import type { ReactElement, ReactNode } from "react";

interface Props {
  readonly title: string;
  readonly children: ReactNode;
  /** What the button that does it says: "Delete". */
  readonly action: string;
  readonly icon: ReactNode;
  readonly isBusy: boolean;
  readonly onConfirm: () => void;
  readonly onClose: () => void;
}

export function ConfirmDialog({ title, children, action, icon, isBusy, onConfirm, onClose }: Props): ReactElement {
  return (
    <Modal opened onClose={onClose} title={title}>
      <Stack gap="md">
        <Text size="sm" component="div" style={{ overflowWrap: "anywhere" }}>
          {children}
        </Text>
        <Group justify="flex-end" gap="sm">
          <Button size="xs" variant="default" data-autofocus onClick={onClose}>
            Keep it
          </Button>
          <Button size="xs" loading={isBusy} leftSection={icon} onClick={onConfirm}>
            {action}
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}
