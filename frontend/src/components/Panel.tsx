/** A titled part of a page. */
import { Title } from "@mantine/core";
import { type ReactElement, type ReactNode, useId } from "react";
import classes from "./Panel.module.css";

interface Props {
  readonly title: string;
  /** The content at the right of the title. */
  readonly aside?: ReactNode;
  /** Whether the content has no padding and reaches the edge. */
  readonly isFlush?: boolean;
  readonly children: ReactNode;
}

export function Panel({ title, aside, isFlush = false, children }: Props): ReactElement {
  const id = useId();
  return (
    <section className={classes["panel"]} aria-labelledby={id}>
      <header className={classes["head"]}>
        <Title order={2} id={id} className={classes["title"] ?? ""}>
          {title}
        </Title>
        {aside !== undefined && <div className={classes["aside"]}>{aside}</div>}
      </header>
      <div className={classes["body"]} data-flush={isFlush || undefined}>
        {children}
      </div>
    </section>
  );
}
