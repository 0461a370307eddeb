/** The links to the next page of a list that is read by key, and back to its newest. */
import { Button } from "@mantine/core";
import { IconArrowLeft, IconArrowRight } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import type { ReactElement } from "react";
import classes from "./Pager.module.css";

interface Props {
  readonly to: "/dead-letters" | "/audit";
  /** The cursor of this page; undefined on the newest. */
  readonly after: string | undefined;
  /** The cursor of the next page; null on the last. */
  readonly next: string | null;
}

export function Pager({ to, after, next }: Props): ReactElement | null {
  if (after === undefined && next === null) return null;
  return (
    <nav className={classes["pager"]} aria-label="Pages of the list">
      {after !== undefined && (
        <Button
          renderRoot={(props) => <Link to={to} search={{}} {...props} />}
          size="xs"
          variant="default"
          leftSection={<IconArrowLeft size={14} aria-hidden />}
        >
          Newest
        </Button>
      )}
      {next !== null && (
        <Button
          renderRoot={(props) => <Link to={to} search={{ after: next }} {...props} />}
          size="xs"
          variant="default"
          rightSection={<IconArrowRight size={14} aria-hidden />}
        >
          Older
        </Button>
      )}
    </nav>
  );
}
