/** A button that may be impossible: it then says why, to the mouse, to the keyboard and to screen readers. */
import { Button, Tooltip } from "@mantine/core";
import type { ReactElement, ReactNode } from "react";

interface Props {
  readonly label: string;
  readonly icon: ReactNode;
  /** Why the action is not possible; null when it is. */
  readonly why: string | null;
  readonly onClick?: () => void;
  /** What it acts on, where several buttons have the same label: "Pause nightly". */
  readonly name?: string;
  readonly isBusy?: boolean;
  readonly variant?: "default" | "filled";
  readonly size?: "xs" | "sm";
  readonly type?: "button" | "submit";
}

/** A disabled button keeps the focus, so that the reason is reachable by keyboard. */
export function ActionButton(props: Props): ReactElement {
  const { label, icon, why, onClick, name, isBusy = false, variant = "default" } = props;
  return (
    <Tooltip label={why} disabled={why === null} events={{ hover: true, focus: true, touch: true }}>
      <Button
        type={props.type ?? "button"}
        size={props.size ?? "xs"}
        variant={variant}
        leftSection={icon}
        loading={isBusy}
        {...(why !== null && { "data-disabled": true })}
        aria-disabled={why !== null}
        aria-label={name}
        aria-description={why ?? undefined}
        onClick={(event) => (why === null ? onClick?.() : event.preventDefault())}
      >
        {label}
      </Button>
    </Tooltip>
  );
}
