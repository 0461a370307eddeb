/** A status as icon, word and colour, so that it can be read without any one of them. */
import type { CSSProperties, ReactElement } from "react";
import type { TaskStatus } from "@/generated/graphql";
import { STATUS } from "@/lib/status";
import classes from "./StatusBadge.module.css";

interface Props {
  readonly status: TaskStatus;
  /** A tinted pill, or only icon and word. */
  readonly variant?: "pill" | "plain";
}

export function StatusBadge({ status, variant = "pill" }: Props): ReactElement {
  const { word, icon: Icon, color } = STATUS[status];
  const colors = {
    "--badge-text": `var(--tf-${color}-text)`,
    "--badge-tint": `var(--tf-${color}-tint)`,
    "--badge-mark": `var(--tf-${color}-mark)`,
  } as CSSProperties;
  return (
    <span className={classes["badge"]} data-variant={variant} data-status={status} style={colors}>
      <Icon size={14} aria-hidden className={classes["icon"] ?? ""} />
      <span className={classes["word"]}>{word}</span>
    </span>
  );
}
