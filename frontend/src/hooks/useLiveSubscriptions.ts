/** The app's two subscriptions: every change of every task, and the figures. */
import { useApolloClient, useSubscription } from "@apollo/client/react";
import { useState } from "react";
import { LONGEST_REPLAY_MS } from "@/apollo/resume";
import { StatsStreamDocument, TaskStreamDocument } from "@/generated/graphql";
import { useLive, useReturn } from "./live";
import { useRest } from "./useRest";

export function useLiveSubscriptions(): void {
  const { resume, stream } = useLive();
  const client = useApolloClient();
  const [after, setAfter] = useState<string | null>(null);

  /** After a short disconnection missed events are replayed; after a long one the shown queries are fetched again. */
  const catchUp = (awayMs: number): void => {
    if (awayMs > LONGEST_REPLAY_MS) void client.refetchQueries({ include: "active" });
  };
  useReturn(catchUp);
  const resting = useRest((restedMs) => {
    setAfter(restedMs > LONGEST_REPLAY_MS ? null : stream.lastId);
    catchUp(restedMs);
  });

  useSubscription(TaskStreamDocument, {
    variables: { after },
    skip: resting,
    fetchPolicy: "no-cache",
    ignoreResults: true,
    onData: ({ data }) => {
      if (data.data) stream.push(data.data.taskStatus);
    },
  });
  // This subscription is sent after the other one, and the API answers it once the other one runs.
  const onData = (): void => stream.runs(resume.begun);
  useSubscription(StatsStreamDocument, { skip: resting, ignoreResults: true, onData });
}
