/** The payload and the result of a task. */
import { useFragment } from "@apollo/client/react";
import { Text } from "@mantine/core";
import type { ReactElement } from "react";
import { JsonViewer } from "@/components/json/JsonViewer";
import { Panel } from "@/components/Panel";
import { TaskData_taskFragmentDoc } from "@/generated/graphql";
import { isEnded } from "@/lib/status";
import classes from "./TaskData.module.css";

export function TaskData({ id }: { readonly id: string }): ReactElement | null {
  const { data: task, complete } = useFragment({
    fragment: TaskData_taskFragmentDoc,
    fragmentName: "TaskData_task",
    from: { __typename: "Task", id },
  });
  if (!complete) return null;
  return (
    <div className={classes["pair"]}>
      <Value title="Payload" value={task.payload} fileName={`${id}-payload.json`} nothing="It was given nothing." />
      <Value
        title="Result"
        value={task.result}
        fileName={`${id}-result.json`}
        nothing={isEnded(task.status) ? "It returned nothing." : "It has not ended yet."}
      />
    </div>
  );
}

interface Props {
  readonly title: string;
  readonly value: unknown;
  readonly fileName: string;
  readonly nothing: string;
}

function Value({ title, value, fileName, nothing }: Props): ReactElement {
  if (value !== null && value !== undefined) return <JsonViewer title={title} value={value} fileName={fileName} />;
  return (
    <Panel title={title}>
      <Text size="sm" c="dimmed">
        {nothing}
      </Text>
    </Panel>
  );
}
