/** A button of the menu in the header: a line with an icon. */
import { Button } from "@mantine/core";
import type { ReactElement, ReactNode } from "react";

interface Props {
  readonly icon: ReactNode;
  readonly onClick: () => void;
  readonly children: ReactNode;
}

export function MenuButton({ icon, onClick, children }: Props): ReactElement {
  return (
    <Button
      size="xs"
      variant="subtle"
      color="gray"
      c="var(--mantine-color-text)"
      justify="start"
      leftSection={icon}
      onClick={onClick}
    >
      {children}
    </Button>
  );
}
