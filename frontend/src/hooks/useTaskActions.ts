/** The actions retry and cancel: shown at once, undone when the API refuses. */
import type { ApolloClient } from "@apollo/client";
import { useApolloClient } from "@apollo/client/react";
import { entailed } from "@/apollo/apply";
import { CancelTaskDocument, LiveTaskFragmentDoc, RetryTaskDocument, type TaskStatus } from "@/generated/graphql";
import { refusalOf } from "@/lib/refusal";

export type TaskAction = "retry" | "cancel";

export interface Outcome {
  readonly id: string;
  /** Null when the action succeeded. */
  readonly refusal: string | null;
}

const DOCUMENTS = { retry: RetryTaskDocument, cancel: CancelTaskDocument } as const;
const AT_ONCE = 8;

const underWay = new Map<string, Promise<Outcome>>();

/** The actions of a task run one after the other: a retry must not overtake the cancel before it. */
function inOrder(id: string, action: () => Promise<Outcome>): Promise<Outcome> {
  const before = underWay.get(id);
  const mine = before ? before.then(action) : action();
  underWay.set(id, mine);
  void mine.finally(() => {
    if (underWay.get(id) === mine) underWay.delete(id);
  });
  return mine;
}

async function act(client: ApolloClient, action: TaskAction, id: string): Promise<Outcome> {
  try {
    await client.mutate({ mutation: DOCUMENTS[action], variables: { id }, ...optimism(client, action, id) });
    return { id, refusal: null };
  } catch (error) {
    return { id, refusal: refusalOf(error) };
  }
}

/** The optimistic state. A cancelled task that runs keeps its status until its handler has stopped. */
function optimism(client: ApolloClient, action: TaskAction, id: string): object {
  const task = client.cache.readFragment({ id: `Task:${id}`, fragment: LiveTaskFragmentDoc, fragmentName: "LiveTask" });
  if (!task) return {};
  const to = (status: TaskStatus, message: string): object => ({
    ...task,
    ...entailed(task, { status, attempt: task.attempt, updatedAt: new Date().toISOString() }),
    status,
    message,
  });
  if (action === "retry" && (task.status === "FAILED" || task.status === "CANCELLED")) {
    return { optimisticResponse: { retryTask: { ...to("PENDING", "Retry requested"), progress: null } } };
  }
  if (action === "cancel" && task.status === "PENDING") {
    return { optimisticResponse: { cancelTask: to("CANCELLED", "Cancelled") } };
  }
  return {};
}

export interface TaskActions {
  readonly run: (action: TaskAction, id: string) => Promise<Outcome>;
  /** Runs a few at a time, and calls `onProgress` with each outcome. */
  readonly runAll: (
    action: TaskAction,
    ids: readonly string[],
    onProgress: (outcome: Outcome) => void,
  ) => Promise<readonly Outcome[]>;
}

export function useTaskActions(): TaskActions {
  const client = useApolloClient();
  return {
    run: (action, id) => inOrder(id, () => act(client, action, id)),
    runAll: async (action, ids, onProgress) => {
      const outcomes: Outcome[] = [];
      const waiting = [...ids];
      const worker = async (): Promise<void> => {
        for (let id = waiting.shift(); id !== undefined; id = waiting.shift()) {
          const chosen = id;
          const outcome = await inOrder(chosen, () => act(client, action, chosen));
          outcomes.push(outcome);
          onProgress(outcome);
        }
      };
      await Promise.all(Array.from({ length: AT_ONCE }, worker));
      return outcomes;
    },
  };
}
