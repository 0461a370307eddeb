/** The screen in place of a page that failed to render or could not be loaded; the rest of the dashboard works on. */
import { Button } from "@mantine/core";
import { IconBug, IconPlugConnectedX } from "@tabler/icons-react";
import { type ErrorComponentProps, Link } from "@tanstack/react-router";
import type { ReactElement } from "react";
import { Screen } from "@/components/Screen";
import { NotLoaded } from "@/lib/notLoaded";

export function BrokenPage({ error }: ErrorComponentProps): ReactElement {
  const isNotLoaded = error instanceof NotLoaded;
  const Icon = isNotLoaded ? IconPlugConnectedX : IconBug;
  return (
    <Screen
      isAlert
      icon={<Icon size={26} stroke={1.5} />}
      title={isNotLoaded ? "This page could not be loaded" : "This page broke"}
      actions={
        <>
          <Button size="xs" variant="default" onClick={() => window.location.reload()}>
            Reload
          </Button>
          <Button size="xs" variant="default" component={Link} to="/">
            All tasks
          </Button>
        </>
      }
    >
      {isNotLoaded ? error.message : `${error instanceof Error ? error.message : String(error)}.`} This says nothing of
      the tasks themselves: they may be running well.
    </Screen>
  );
}
