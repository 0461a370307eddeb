/** The example operations, a tab each, which run without a change. */
import type { GraphiQLProps } from "graphiql";

const CREATE = `# Creates a task.
# Start the Watch tab in a second window, to see it move.
mutation Create {
  createTask(
    input: {
      title: "Resize album"
      kind: "progress"
      payload: { images: 8, seconds: 0.4 }
    }
  ) {
    created
    task {
      id
      status
      attempt
      maxAttempts
      createdAt
    }
  }
}
`;

const LIST = `# The newest that failed, each with its whole history.
# For the next page, give endCursor as "after".
query List {
  tasks(first: 20, filter: { statuses: [FAILED] }) {
    nodes {
      id
      title
      kind
      attempt
      error {
        type
        message
      }
      events {
        version
        status
        at
      }
    }
    pageInfo {
      hasNextPage
      endCursor
    }
  }
}
`;

const WATCH = `# Every change of every task, as it happens.
# To resume without a gap, give the last id as "after".
subscription Watch {
  taskStatus {
    id
    taskId
    version
    status
    attempt
    progress
    message
    updatedAt
  }
}
`;

export const EXAMPLES: NonNullable<GraphiQLProps["defaultTabs"]> = [CREATE, LIST, WATCH].map((query) => ({ query }));
