/** The buttons Retry and Cancel; a disabled one says why. */
import { useFragment } from "@apollo/client/react";
import { Button, Tooltip } from "@mantine/core";
import { IconBan, IconRotateClockwise } from "@tabler/icons-react";
import type { ReactElement, ReactNode } from "react";
import { TaskButtons_taskFragmentDoc } from "@/generated/graphql";
import { useKeys } from "@/hooks/useKeys";
import { type TaskAction, useTaskActions } from "@/hooks/useTaskActions";
import { WHY_NO_CANCEL, WHY_NO_RETRY } from "@/lib/status";
import { showRefusal } from "@/lib/toasts";

interface Props {
  readonly id: string;
  /** Whether the keys r and c act on this task: on its own page. In the list they act on the row or the selection. */
  readonly hasKeys?: boolean;
}

export function TaskButtons({ id, hasKeys = false }: Props): ReactElement | null {
  const { run } = useTaskActions();
  const { data: task, complete } = useFragment({
    fragment: TaskButtons_taskFragmentDoc,
    from: { __typename: "Task", id },
  });
  const act = async (action: TaskAction): Promise<void> => {
    const { refusal } = await run(action, id);
    if (refusal !== null) showRefusal(refusal);
  };
  useKeys(hasKeys ? { r: () => void act("retry"), c: () => void act("cancel") } : {});
  if (!complete) return null;
  return (
    <>
      <ActionButton
        label="Retry"
        icon={<IconRotateClockwise size={14} aria-hidden />}
        why={WHY_NO_RETRY[task.status]}
        onClick={() => void act("retry")}
      />
      <ActionButton
        label="Cancel"
        icon={<IconBan size={14} aria-hidden />}
        why={WHY_NO_CANCEL[task.status]}
        onClick={() => void act("cancel")}
      />
    </>
  );
}

interface ActionButtonProps {
  readonly label: string;
  readonly icon: ReactNode;
  /** Why the action is not possible; null when it is. */
  readonly why: string | null;
  readonly onClick: () => void;
}

/** A disabled button keeps the focus, so that the reason is reachable by keyboard. */
function ActionButton({ label, icon, why, onClick }: ActionButtonProps): ReactElement {
  return (
    <Tooltip label={why} disabled={why === null} events={{ hover: true, focus: true, touch: true }}>
      <Button
        size="xs"
        variant="default"
        leftSection={icon}
        {...(why !== null && { "data-disabled": true })}
        aria-disabled={why !== null}
        aria-description={why ?? undefined}
        onClick={(event) => (why === null ? onClick() : event.preventDefault())}
      >
        {label}
      </Button>
    </Tooltip>
  );
}
