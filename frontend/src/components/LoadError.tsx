/** The screen in place of what could not be loaded, with the reason, and a button that asks again. */
import { Button } from "@mantine/core";
import { IconPlugConnectedX } from "@tabler/icons-react";
import type { ReactElement } from "react";
import { Screen } from "./Screen";

interface Props {
  /** "The workers". */
  readonly what: string;
  readonly reason: string;
  readonly onRetry: () => void;
}

export function LoadError({ what, reason, onRetry }: Props): ReactElement {
  return (
    <Screen
      isAlert
      icon={<IconPlugConnectedX size={26} stroke={1.5} />}
      title={`${what} could not be loaded`}
      actions={
        <Button size="xs" variant="default" onClick={onRetry}>
          Try again
        </Button>
      }
    >
      {reason}. This says nothing of the tasks themselves: they may be running well.
    </Screen>
  );
}
