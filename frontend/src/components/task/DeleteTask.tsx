/** The button that deletes an ended task, for admins, once they have confirmed it. */
import { IconTrash } from "@tabler/icons-react";
import { type ReactElement, useState } from "react";
import { ActionButton } from "@/components/ActionButton";
import { ConfirmDialog } from "@/components/ConfirmDialog";
import type { TaskStatus } from "@/generated/graphql";
import { useDeleteTask } from "@/hooks/useDeleteTask";
import { useWhyNot } from "@/hooks/useViewer";
import { isEnded } from "@/lib/status";

interface Props {
  readonly id: string;
  readonly title: string;
  readonly status: TaskStatus;
}

export function DeleteTask({ id, title, status }: Props): ReactElement {
  const { remove, isBusy } = useDeleteTask();
  const [isAsking, setAsking] = useState(false);
  const whyNot = useWhyNot("ADMIN");
  const icon = <IconTrash size={14} aria-hidden />;
  return (
    <>
      <ActionButton
        label="Delete"
        icon={icon}
        why={whyNot ?? (isEnded(status) ? null : "It has not ended yet: cancel it first")}
        onClick={() => setAsking(true)}
      />
      {isAsking && (
        <ConfirmDialog
          title="Delete this task?"
          action="Delete"
          icon={icon}
          isBusy={isBusy}
          onConfirm={() => void remove(id, title).then(() => setAsking(false))}
          onClose={() => setAsking(false)}
        >
          “{title}” will be gone for good, with its payload, its result and its whole history. That can&apos;t be
          undone.
        </ConfirmDialog>
      )}
    </>
  );
}
