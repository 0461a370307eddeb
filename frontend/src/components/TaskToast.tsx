/** The content of a toast about one task: its status, and its title as a link. */
import { Group } from "@mantine/core";
import type { ReactElement } from "react";
import type { TaskStatus } from "@/generated/graphql";
import { hrefOf } from "@/lib/config";
import { StatusBadge } from "./StatusBadge";
import classes from "./TaskToast.module.css";

interface Props {
  readonly id: string;
  readonly title: string;
  readonly status: TaskStatus;
  readonly isNew: boolean;
  readonly onOpen: (id: string) => void;
}

/** Toasts are rendered outside of the router, so the link calls `onOpen` to navigate. */
export function TaskToast({ id, title, status, isNew, onOpen }: Props): ReactElement {
  return (
    <Group gap={8} wrap="nowrap">
      {isNew ? <span className={classes["new"]}>New</span> : <StatusBadge status={status} variant="plain" />}
      <a
        href={hrefOf(`/task/${id}`)}
        className={classes["link"]}
        onClick={(event) => {
          event.preventDefault();
          onOpen(id);
        }}
      >
        {title}
      </a>
    </Group>
  );
}
