/** Toasts that are not about the stream: a refusal of what somebody just asked for. */
import { notifications } from "@mantine/notifications";

export function showRefusal(reason: string): void {
  notifications.show({ title: "Not done", message: reason, color: "rose", autoClose: 6_000 });
}
