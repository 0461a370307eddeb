/** The buttons Retry and Cancel; a disabled one says why. */
import { useFragment } from "@apollo/client/react";
import { IconBan, IconRotateClockwise } from "@tabler/icons-react";
import type { ReactElement } from "react";
import { TaskButtons_taskFragmentDoc } from "@/generated/graphql";
import { useKeys } from "@/hooks/useKeys";
import { type TaskAction, useTaskActions } from "@/hooks/useTaskActions";
import { useWhyNot } from "@/hooks/useViewer";
import { WHY_NO_CANCEL, WHY_NO_RETRY } from "@/lib/status";
import { showRefusal } from "@/lib/toasts";
import { ActionButton } from "./ActionButton";

interface Props {
  readonly id: string;
  /** Whether the keys r and c act on this task: on its own page. In the list they act on the row or the selection. */
  readonly hasKeys?: boolean;
}

export function TaskButtons({ id, hasKeys = false }: Props): ReactElement | null {
  const { run } = useTaskActions();
  const whyNot = useWhyNot("OPERATOR");
  const { data: task, complete } = useFragment({
    fragment: TaskButtons_taskFragmentDoc,
    from: { __typename: "Task", id },
  });
  const act = async (action: TaskAction): Promise<void> => {
    const refusal = whyNot ?? (await run(action, id)).refusal;
    if (refusal !== null) showRefusal(refusal);
  };
  useKeys(hasKeys ? { r: () => void act("retry"), c: () => void act("cancel") } : {});
  if (!complete) return null;
  return (
    <>
      <ActionButton
        label="Retry"
        icon={<IconRotateClockwise size={14} aria-hidden />}
        why={whyNot ?? WHY_NO_RETRY[task.status]}
        onClick={() => void act("retry")}
      />
      <ActionButton
        label="Cancel"
        icon={<IconBan size={14} aria-hidden />}
        why={whyNot ?? WHY_NO_CANCEL[task.status]}
        onClick={() => void act("cancel")}
      />
    </>
  );
}
