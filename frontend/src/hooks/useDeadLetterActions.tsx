/** Replays and discards a dead letter, takes it off the list, and says what came of it. */
import { useApolloClient } from "@apollo/client/react";
import { notifications } from "@mantine/notifications";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { TaskToast } from "@/components/TaskToast";
import { DiscardDeadLetterDocument, ReplayDeadLetterDocument } from "@/generated/graphql";
import { refusalOf } from "@/lib/refusal";
import { showRefusal } from "@/lib/toasts";

const SHOWN_MS = 6_000;
const LISTS = ["DeadLettersPage", "DeadLetterCount"];

interface DeadLetterActions {
  readonly isBusy: boolean;
  readonly replay: (id: string) => Promise<void>;
  readonly discard: (id: string) => Promise<void>;
}

export function useDeadLetterActions(): DeadLetterActions {
  const client = useApolloClient();
  const navigate = useNavigate();
  const [isBusy, setBusy] = useState(false);
  const open = (taskId: string): void => void navigate({ to: "/task/$taskId", params: { taskId } });

  /** One that somebody else has replayed or discarded meanwhile is refused, and off the list too. */
  const act = async (id: string, action: () => Promise<unknown>): Promise<void> => {
    setBusy(true);
    try {
      await action();
      client.cache.evict({ id: `DeadLetter:${id}` });
    } catch (error) {
      showRefusal(refusalOf(error));
    }
    setBusy(false);
    await client.refetchQueries({ include: LISTS });
  };
  const replay = async (id: string): Promise<void> => {
    const { data } = await client.mutate({ mutation: ReplayDeadLetterDocument, variables: { id } });
    const task = data?.replayDeadLetter;
    const message = task ? <TaskToast {...task} isNew={false} onOpen={open} /> : "It names no task.";
    notifications.show({ title: "Published again", message, autoClose: SHOWN_MS, withBorder: true, color: "gray" });
  };
  return {
    isBusy,
    replay: (id) => act(id, () => replay(id)),
    discard: (id) => act(id, () => client.mutate({ mutation: DiscardDeadLetterDocument, variables: { id } })),
  };
}
