/** Toasts that are not about the stream: an action of the reader that the API refused or that failed. */
import { notifications } from "@mantine/notifications";

export function showRefusal(reason: string): void {
  notifications.show({ title: "Not done", message: reason, color: "rose", autoClose: 6_000 });
}
