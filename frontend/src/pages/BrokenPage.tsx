/** The screen in place of a page that failed to render or to load; the rest of the dashboard works on. */
import { Button } from "@mantine/core";
import { IconBug } from "@tabler/icons-react";
import { type ErrorComponentProps, Link } from "@tanstack/react-router";
import type { ReactElement } from "react";
import { Screen } from "@/components/Screen";

export function BrokenPage({ error }: ErrorComponentProps): ReactElement {
  return (
    <Screen
      isAlert
      icon={<IconBug size={26} stroke={1.5} />}
      title="This page broke"
      actions={
        <>
          <Button size="xs" variant="default" onClick={() => window.location.reload()}>
            Load it again
          </Button>
          <Button size="xs" variant="default" component={Link} to="/">
            All tasks
          </Button>
        </>
      }
    >
      {error instanceof Error ? error.message : String(error)}. The tasks are not touched by it: they may be running
      well.
    </Screen>
  );
}
