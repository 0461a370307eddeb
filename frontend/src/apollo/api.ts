/** The API as one token opens it: the client, and the connection with its stream of events. */
import type { ApolloClient } from "@apollo/client";
import { ViewerDocument } from "@/generated/graphql";
import { type Access, closeSocket } from "@/lib/access";
import type { Endpoints } from "@/lib/config";
import { refusalOf } from "@/lib/refusal";
import { WRONG_TOKEN } from "@/lib/signIn";
import { isUnauthenticated } from "./access";
import { createApollo, createSocket } from "./client";
import { type ConnectionStore, createConnectionStore } from "./connection";
import { ResumeLink } from "./resume";
import type { Opened } from "./session";
import { TaskStream } from "./stream";

export interface Api extends Opened {
  readonly client: ApolloClient;
  readonly live: { readonly connection: ConnectionStore; readonly resume: ResumeLink; readonly stream: TaskStream };
}

/** The socket connects with the first subscription. */
export function openApi(endpoints: Endpoints, access: Access): Api {
  const socket = createSocket(endpoints.ws, access);
  const resume = new ResumeLink();
  const client = createApollo(endpoints, socket, resume, access);
  const ended = new AbortController();
  window.addEventListener("online", resume.now, { signal: ended.signal });
  return {
    client,
    live: { connection: createConnectionStore(socket), resume, stream: new TaskStream(client) },
    check: () =>
      client.query({ query: ViewerDocument }).then(
        () => null,
        (error: unknown) => (isUnauthenticated(error) ? WRONG_TOKEN : `${refusalOf(error)}.`),
      ),
    close: () => {
      ended.abort();
      closeSocket(socket);
    },
  };
}
