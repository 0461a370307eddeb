/** Task. */
import { Title } from "@mantine/core";
import type { ReactElement } from "react";

export function TaskPage(): ReactElement {
  return <Title order={1}>Task</Title>;
}
