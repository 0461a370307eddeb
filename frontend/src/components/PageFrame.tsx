/** The frame of a page that shows what is now: its title, a line about it, and a warning while it may be out of date. */
import { Alert, Skeleton, Title, VisuallyHidden } from "@mantine/core";
import type { ReactElement, ReactNode } from "react";
import classes from "./PageFrame.module.css";

interface Props {
  readonly title: string;
  /** Beside the title: what the page comes to. */
  readonly note?: ReactNode;
  /** At the right. */
  readonly aside?: ReactNode;
  /** Why the content may be out of date; null when it is not. */
  readonly stale?: string | null;
  readonly children: ReactNode;
}

export function PageFrame({ title, note, aside, stale = null, children }: Props): ReactElement {
  return (
    <div className={classes["page"]}>
      <header className={classes["head"]}>
        <Title order={1} className={classes["title"] ?? ""}>
          {title}
        </Title>
        {note !== undefined && <p className={classes["note"]}>{note}</p>}
        {aside !== undefined && <div className={classes["aside"]}>{aside}</div>}
      </header>
      {stale !== null && (
        <Alert color="rose" variant="light" role="alert" className={classes["stale"] ?? ""}>
          What you see may be out of date: {stale}.
        </Alert>
      )}
      {children}
    </div>
  );
}

/** In place of what is being loaded, which `what` names. */
export function PageLoading({ what }: { readonly what: string }): ReactElement {
  return (
    <div role="status" className={classes["loading"]}>
      <VisuallyHidden>Loading {what}</VisuallyHidden>
      <Skeleton h={44} radius="lg" />
      <Skeleton h={168} radius="lg" />
    </div>
  );
}
