/** All tasks, live. */
import { Title } from "@mantine/core";
import type { ReactElement } from "react";

export function TasksPage(): ReactElement {
  return <Title order={1}>Tasks</Title>;
}
