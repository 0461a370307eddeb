/** Overview. */
import { Title } from "@mantine/core";
import type { ReactElement } from "react";

export function OverviewPage(): ReactElement {
  return <Title order={1}>Overview</Title>;
}
