/** A connection that stands, and a stream of which the test makes the events. */
import type { ApolloClient } from "@apollo/client";
import { TaskStream } from "@/apollo/stream";
import type { Live } from "@/hooks/live";

const nothing = (): void => undefined;

export const makeLive = (client: ApolloClient): Live => ({
  connection: { subscribe: () => nothing, get: () => ({ state: "live" }), made: () => 1, onReturn: () => nothing },
  stream: new TaskStream(client),
});
