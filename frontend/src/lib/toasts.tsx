/** Toasts that are not about the stream: an action that was refused, a part of the dashboard that could not be loaded. */
import { Button, Stack } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { WHY_NOT_LOADED } from "./notLoaded";

export function showRefusal(reason: string): void {
  notifications.show({ title: "Not done", message: reason, color: "rose.5", autoClose: 6_000 });
}

/** Stays until it is closed, one for each `part`: "The form". */
export function showNotLoaded(part: string): void {
  notifications.show({
    id: `not-loaded-${part}`,
    title: `${part} could not be loaded`,
    message: (
      <Stack gap={8} align="start">
        {WHY_NOT_LOADED}
        <Button size="compact-xs" variant="default" onClick={() => window.location.reload()}>
          Reload
        </Button>
      </Stack>
    ),
    color: "rose.5",
    autoClose: false,
  });
}
