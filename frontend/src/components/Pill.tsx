/** A state of a queue or a worker as icon, word and colour; a tint where somebody should look. */
import type { ReactElement } from "react";
import type { IconCircleDashed } from "@tabler/icons-react";
import classes from "./Pill.module.css";

interface Props {
  readonly icon: typeof IconCircleDashed;
  readonly word: string;
  readonly tone: "quiet" | "amber" | "rose";
}

export function Pill({ icon: Icon, word, tone }: Props): ReactElement {
  return (
    <span className={classes["pill"]} data-tone={tone}>
      <Icon size={14} stroke={1.9} aria-hidden /> {word}
    </span>
  );
}
