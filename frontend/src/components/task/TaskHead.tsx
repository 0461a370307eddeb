/** The head of a task's page: its title, status, actions and facts. */
import { useFragment } from "@apollo/client/react";
import { Alert, Progress, Title } from "@mantine/core";
import { IconChevronLeft, IconExternalLink } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import type { ReactElement, ReactNode } from "react";
import { CopyIcon } from "@/components/CopyIcon";
import { Elapsed } from "@/components/Elapsed";
import { Instant } from "@/components/Instant";
import { StatusBadge } from "@/components/StatusBadge";
import { TaskButtons } from "@/components/TaskButtons";
import { TaskHead_taskFragmentDoc, type TaskHead_taskFragment } from "@/generated/graphql";
import { DeleteTask } from "./DeleteTask";
import { TaskMenu } from "./TaskMenu";
import { TaskWait } from "./TaskWait";
import classes from "./TaskHead.module.css";

export function TaskHead({ id }: { readonly id: string }): ReactElement | null {
  const { data: task, complete } = useFragment({
    fragment: TaskHead_taskFragmentDoc,
    fragmentName: "TaskHead_task",
    from: { __typename: "Task", id },
  });
  if (!complete) return null;
  return (
    <header className={classes["head"]}>
      <Link to="/" className={classes["back"]}>
        <IconChevronLeft size={14} aria-hidden /> Tasks
      </Link>
      <div className={classes["row"]}>
        <Title order={1} className={classes["title"] ?? ""}>
          {task.title}
        </Title>
        <div className={classes["actions"]}>
          <TaskButtons id={id} hasKeys />
          <TaskMenu task={task} />
          <DeleteTask id={id} title={task.title} status={task.status} />
        </div>
      </div>
      <div className={classes["state"]}>
        <StatusBadge status={task.status} />
        {task.attempt > 0 && (
          <span className={classes["clock"]}>
            <Elapsed status={task.status} startedAt={task.startedAt} durationMs={task.durationMs} />
          </span>
        )}
        <span className={classes["message"]}>
          <Now task={task} />
        </span>
      </div>
      {task.status === "PROCESSING" && task.progress !== null && (
        <Progress
          className={classes["progress"] ?? ""}
          value={Math.round(task.progress * 1_000) / 10}
          color="azure"
          size={6}
          aria-label="Progress"
        />
      )}
      <Failure task={task} />
      <Facts task={task} />
    </header>
  );
}

function Facts({ task }: { readonly task: TaskHead_taskFragment }): ReactElement {
  return (
    <dl className={classes["facts"]}>
      <Fact name="Id">
        <code className={classes["id"]}>{task.id}</code>
        <CopyIcon text={task.id} label="Copy the id" />
      </Fact>
      <Fact name="Kind">
        <Link to="/" search={{ kind: [task.kind] }}>
          {task.kind}
        </Link>
      </Fact>
      <Fact name="Queue">
        <Link to="/" search={{ queue: [task.queue] }}>
          {task.queue}
        </Link>
      </Fact>
      <Fact name="Attempt">
        {task.attempt} of {task.maxAttempts}
      </Fact>
      <Fact name="Created">
        <Instant at={task.createdAt} />
      </Fact>
      <Trace task={task} />
    </dl>
  );
}

function Fact({ name, children }: { readonly name: string; readonly children: ReactNode }): ReactElement {
  return (
    <div className={classes["fact"]}>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

/** The link to the task's trace; the trace's id where no address is known. */
function Trace({ task: { traceId, traceUrl } }: { readonly task: TaskHead_taskFragment }): ReactElement | null {
  if (traceUrl !== null) {
    return (
      <Fact name="Trace">
        <a href={traceUrl} target="_blank" rel="noreferrer" title={traceId ?? undefined}>
          Open the trace
        </a>
        <IconExternalLink size={13} aria-hidden />
      </Fact>
    );
  }
  if (traceId === null) return null;
  return (
    <Fact name="Trace">
      <code className={classes["id"]}>{traceId}</code>
      <CopyIcon text={traceId} label="Copy the trace's id" />
    </Fact>
  );
}

/** The message of a task, or what it waits for. */
function Now({ task }: { readonly task: TaskHead_taskFragment }): ReactElement | null {
  if (task.status === "PENDING") return <TaskWait task={task} />;
  if (task.status === "FAILED") return null;
  const percent = task.status === "PROCESSING" && task.progress !== null ? `${Math.round(task.progress * 100)} %` : "";
  const text = [percent, task.message ?? ""].filter((one) => one !== "").join(" · ");
  return text === "" ? null : <>{text}</>;
}

function Failure({ task }: { readonly task: TaskHead_taskFragment }): ReactElement | null {
  if (task.status !== "FAILED" || !task.error) return null;
  return (
    <Alert color="rose" variant="light" className={classes["failure"] ?? ""} title={task.error.type}>
      {task.error.message}
    </Alert>
  );
}
