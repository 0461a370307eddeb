/** The content of a page or a list that has nothing to show: an icon, the reason, and what to do. */
import { Stack, Text, Title } from "@mantine/core";
import type { ReactElement, ReactNode } from "react";
import classes from "./Screen.module.css";

interface Props {
  readonly icon: ReactNode;
  readonly title: string;
  readonly children?: ReactNode;
  readonly actions?: ReactNode;
  readonly isAlert?: boolean;
}

export function Screen({ icon, title, children, actions, isAlert = false }: Props): ReactElement {
  return (
    <Stack className={classes["screen"] ?? ""} role={isAlert ? "alert" : undefined}>
      <div className={classes["icon"]} data-alert={isAlert || undefined} aria-hidden>
        {icon}
      </div>
      <Title order={2} size="h4">
        {title}
      </Title>
      {children !== undefined && (
        <Text component="div" size="sm" c="dimmed" maw={460}>
          {children}
        </Text>
      )}
      {actions !== undefined && <div className={classes["actions"]}>{actions}</div>}
    </Stack>
  );
}
