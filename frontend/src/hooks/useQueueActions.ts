/** Pauses and resumes queues. What the API refuses is shown as a toast. */
import { useMutation } from "@apollo/client/react";
import { PauseQueueDocument, ResumeQueueDocument } from "@/generated/graphql";
import { refusalOf } from "@/lib/refusal";
import { showRefusal } from "@/lib/toasts";

interface QueueActions {
  readonly isBusy: boolean;
  /** Both resolve to whether it was done. */
  readonly pause: (name: string, reason: string | null) => Promise<boolean>;
  readonly resume: (name: string) => Promise<boolean>;
}

export function useQueueActions(): QueueActions {
  const [pause, pausing] = useMutation(PauseQueueDocument);
  const [resume, resuming] = useMutation(ResumeQueueDocument);
  return {
    isBusy: pausing.loading || resuming.loading,
    pause: (name, reason) => isDone(pause({ variables: { name, reason } })),
    resume: (name) => isDone(resume({ variables: { name } })),
  };
}

async function isDone(request: Promise<unknown>): Promise<boolean> {
  try {
    await request;
    return true;
  } catch (error) {
    showRefusal(refusalOf(error));
    return false;
  }
}
