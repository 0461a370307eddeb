/** The page of one task: head, timeline, attempts, payload, result, event log. Live. */
import { Button, Code, Skeleton, VisuallyHidden } from "@mantine/core";
import { IconFileUnknown } from "@tabler/icons-react";
import { getRouteApi, Link } from "@tanstack/react-router";
import type { ReactElement } from "react";
import { LoadError } from "@/components/LoadError";
import { Screen } from "@/components/Screen";
import { TaskHead } from "@/components/task/TaskHead";
import { TaskHistory } from "@/components/task/TaskHistory";
import { TaskPageDocument } from "@/generated/graphql";
import { useLiveTask } from "@/hooks/useLiveTask";
import { refusalOf } from "@/lib/refusal";
import { useTitle } from "@/hooks/useTitle";
import classes from "./TaskPage.module.css";

const route = getRouteApi("/task/$taskId");

export function TaskPage(): ReactElement {
  const { taskId } = route.useParams();
  return <TaskById key={taskId} id={taskId} />;
}

function TaskById({ id }: { readonly id: string }): ReactElement {
  const { data, error, refetch } = useLiveTask(TaskPageDocument, id);
  useTitle(data?.task?.title);
  if (data?.task) {
    return (
      <div className={classes["page"]}>
        <TaskHead id={id} />
        <TaskHistory id={id} />
      </div>
    );
  }
  if (error) return <LoadError what="The task" reason={refusalOf(error)} onRetry={() => void refetch()} />;
  return data?.task === null ? <TaskNotFound id={id} /> : <TaskLoading />;
}

function TaskLoading(): ReactElement {
  return (
    <div className={classes["page"]} role="status">
      <VisuallyHidden>Loading the task</VisuallyHidden>
      <Skeleton h={32} w="50%" />
      <Skeleton h={24} w="30%" />
      <Skeleton h={180} radius="lg" />
      <Skeleton h={240} radius="lg" />
    </div>
  );
}

function TaskNotFound({ id }: { readonly id: string }): ReactElement {
  return (
    <Screen
      icon={<IconFileUnknown size={26} stroke={1.5} />}
      title="There is no such task"
      actions={
        <Button component={Link} to="/" size="xs">
          All tasks
        </Button>
      }
    >
      No task has the id <Code>{id}</Code>. It may have been deleted, or the address was cut short.
    </Screen>
  );
}
