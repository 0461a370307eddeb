/** The page of the form for a new task, empty or filled with a copy of another. */
import { useQuery } from "@apollo/client/react";
import { Alert, Skeleton, Text, Title } from "@mantine/core";
import { IconEyeOff } from "@tabler/icons-react";
import { getRouteApi, Link } from "@tanstack/react-router";
import type { ReactElement } from "react";
import { NewTaskForm } from "@/components/newTask/NewTaskForm";
import { NewTaskSourceDocument } from "@/generated/graphql";
import { refusalOf } from "@/lib/refusal";
import { useTitle } from "@/hooks/useTitle";
import { present } from "@/lib/clock";
import { sayHidden, withoutHidden } from "@/lib/hidden";
import { valuesOf } from "@/lib/newTask";
import classes from "./NewTaskPage.module.css";

const route = getRouteApi("/new");

export function NewTaskPage(): ReactElement {
  const { from } = route.useSearch();
  useTitle("New task");
  return (
    <div className={classes["page"]}>
      <Title order={1} className={classes["title"] ?? ""}>
        New task
      </Title>
      {from === undefined ? <NewTaskForm /> : <Copy key={from} id={from} />}
    </div>
  );
}

function Copy({ id }: { readonly id: string }): ReactElement {
  const { data, error } = useQuery(NewTaskSourceDocument, { variables: { id } });
  const hidden = sayHidden(withoutHidden(data?.task?.payload).paths);
  if (data?.task) {
    return (
      <>
        <Text size="sm" c="dimmed">
          It begins as a copy of{" "}
          <Link to="/task/$taskId" params={{ taskId: id }}>
            {data.task.title}
          </Link>
          , which stays as it is.
        </Text>
        {hidden !== null && (
          <Alert
            color="stone"
            variant="light"
            icon={<IconEyeOff size={16} aria-hidden />}
            className={classes["hidden"] ?? ""}
          >
            {hidden} Secrets are shown to nobody: type them again.
          </Alert>
        )}
        <NewTaskForm initial={valuesOf(data.task, present())} />
      </>
    );
  }
  if (!error && data?.task !== null) return <Skeleton h={420} radius="md" aria-busy />;
  return (
    <>
      <Alert color="rose" variant="light" role="alert">
        {error ? refusalOf(error) : "There is no such task to copy."} The form is empty.
      </Alert>
      <NewTaskForm />
    </>
  );
}
