/** A connection that is live, and a stream whose events the test makes. */
import type { ApolloClient } from "@apollo/client";
import { ResumeLink } from "@/apollo/resume";
import { TaskStream } from "@/apollo/stream";
import type { Live } from "@/hooks/live";

const nothing = (): void => undefined;

export const makeLive = (client: ApolloClient): Live => ({
  connection: { subscribe: () => nothing, get: () => ({ state: "live" }), onReturn: () => nothing },
  resume: new ResumeLink(),
  stream: new TaskStream(client),
});
