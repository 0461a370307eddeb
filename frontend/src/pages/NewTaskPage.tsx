/** New task. */
import { Title } from "@mantine/core";
import type { ReactElement } from "react";

export function NewTaskPage(): ReactElement {
  return <Title order={1}>New task</Title>;
}
