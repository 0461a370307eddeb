/** A list of names in a cell: the first few, and the others on request. */
import { UnstyledButton } from "@mantine/core";
import { type ReactElement, type ReactNode, useState } from "react";
import classes from "./Names.module.css";

const SHOWN = 6;

interface Props {
  readonly names: readonly string[];
  /** What they are: "kinds". */
  readonly what: string;
  readonly render?: (name: string) => ReactNode;
}

export function Names({ names, what, render = (name) => name }: Props): ReactElement {
  const [isAll, setAll] = useState(false);
  const shown = isAll ? names : names.slice(0, SHOWN);
  return (
    <span className={classes["names"]}>
      {shown.map((name) => (
        <span key={name} className={classes["name"]}>
          {render(name)}
        </span>
      ))}
      {names.length > SHOWN && (
        <UnstyledButton className={classes["more"] ?? ""} aria-expanded={isAll} onClick={() => setAll(!isAll)}>
          {isAll ? "fewer" : `${names.length - SHOWN} more ${what}`}
        </UnstyledButton>
      )}
      {names.length === 0 && <span className={classes["none"]}>none</span>}
    </span>
  );
}
