/** Deletes a task and leads back to the list. What the API refuses is shown as a toast. */
import { useMutation } from "@apollo/client/react";
import { notifications } from "@mantine/notifications";
import { useNavigate } from "@tanstack/react-router";
import { DeleteTaskDocument } from "@/generated/graphql";
import { refusalOf } from "@/lib/refusal";
import { showRefusal } from "@/lib/toasts";

interface Deletion {
  readonly isBusy: boolean;
  readonly remove: (id: string, title: string) => Promise<void>;
}

export function useDeleteTask(): Deletion {
  const navigate = useNavigate();
  const [mutate, { loading, client }] = useMutation(DeleteTaskDocument);
  return {
    isBusy: loading,
    remove: async (id, title) => {
      try {
        await mutate({ variables: { id } });
      } catch (error) {
        showRefusal(refusalOf(error));
        return;
      }
      notifications.show({ message: `Deleted “${title}”`, withBorder: true, color: "gray" });
      await navigate({ to: "/", replace: true }); // the task's page has nothing to show now
      client.cache.evict({ id: `Task:${id}` });
    },
  };
}
