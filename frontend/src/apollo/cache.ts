/** The normalised cache and its policies. */
import type { InMemoryCache } from "@apollo/client";
import { FreshCache } from "./fresh";

export function createCache(): InMemoryCache {
  return new FreshCache({
    typePolicies: {
      Query: {
        fields: {
          // Only the last page is kept: the list of ids is in lists.ts, the tasks are normalised.
          tasks: { keyArgs: false, merge: false },
          queues: { merge: false },
          workers: { merge: false },
          deadLetters: { keyArgs: ["first", "after"], merge: false },
          audit: { keyArgs: ["first", "after"], merge: false },
          task: {
            read: (existing: unknown, { args, toReference }) =>
              existing === undefined ? toReference({ __typename: "Task", id: args?.["id"] as string }) : existing,
          },
        },
      },
      Viewer: { keyFields: [] },
      Stats: { keyFields: [] },
      StatusCount: { keyFields: false },
      TaskConnection: { keyFields: false },
      TaskEdge: { keyFields: false },
      DeadLetterConnection: { keyFields: false },
      AuditConnection: { keyFields: false },
      PageInfo: { keyFields: false },
      TaskError: { keyFields: false },
      TaskEvent: { keyFields: ["id"] },
      TaskStatusEvent: { keyFields: false },
      History: { keyFields: false },
      HistoryStep: { keyFields: false },
      KindHistory: { keyFields: false },
      Queue: { keyFields: ["name"] },
      Task: { fields: { payload: { merge: false }, result: { merge: false }, error: { merge: false } } },
    },
  });
}
