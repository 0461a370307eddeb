/** The history of a task in three views: a timeline, its attempts, its events. All of them share one clock. */
import { useFragment } from "@apollo/client/react";
import type { ReactElement } from "react";
import { TaskHistory_taskFragmentDoc } from "@/generated/graphql";
import { useNow } from "@/lib/clock";
import { attemptsOf, phasesOf } from "@/lib/phases";
import { isEnded } from "@/lib/status";
import { TaskAttempts } from "./TaskAttempts";
import { TaskData } from "./TaskData";
import { TaskEvents } from "./TaskEvents";
import { TaskTimeline } from "./TaskTimeline";
import classes from "./TaskHistory.module.css";

export function TaskHistory({ id }: { readonly id: string }): ReactElement | null {
  const { data: task, complete } = useFragment({
    fragment: TaskHistory_taskFragmentDoc,
    fragmentName: "TaskHistory_task",
    from: { __typename: "Task", id },
  });
  const last = complete ? task.events.at(-1) : undefined;
  const now = useNow(last !== undefined && !isEnded(last.status));
  if (!complete) return null;
  const phases = phasesOf(task.events, task.runAt, now);
  return (
    <div className={classes["history"]}>
      <div className={classes["course"]}>
        <TaskTimeline phases={phases} />
        <TaskAttempts attempts={attemptsOf(task.events, phases)} />
      </div>
      <div className={classes["record"]}>
        <TaskData id={id} />
        <TaskEvents events={task.events} />
      </div>
    </div>
  );
}
