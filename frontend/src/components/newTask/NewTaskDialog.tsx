/** The form for a new task over whatever page is open. */
import { Modal } from "@mantine/core";
import type { ReactElement } from "react";
import { NewTaskForm } from "./NewTaskForm";

interface Props {
  readonly isOpen: boolean;
  readonly onClose: () => void;
}

export function NewTaskDialog({ isOpen, onClose }: Props): ReactElement {
  return (
    <Modal opened={isOpen} onClose={onClose} title="New task" size={680} yOffset="6vh" centered={false}>
      <NewTaskForm onDone={onClose} />
    </Modal>
  );
}
