/** The client: queries over HTTP, repeated when the network fails; subscriptions over one socket that resumes. */
import { ApolloClient, ApolloLink, HttpLink } from "@apollo/client";
import { RetryLink } from "@apollo/client/link/retry";
import { GraphQLWsLink } from "@apollo/client/link/subscriptions";
import { ServerError } from "@apollo/client/errors";
import { OperationTypeNode } from "graphql";
import { createClient, type Client } from "graphql-ws";
import { type Access, socketOptions } from "@/lib/access";
import type { Endpoints } from "@/lib/config";
import { fetchExactly } from "@/lib/json";
import { createAccessLink } from "./access";
import { createCache } from "./cache";
import type { ResumeLink } from "./resume";

const KEEP_ALIVE_MS = 10_000;
const QUERY_ATTEMPTS = 3;

/** A single connection attempt: ResumeLink connects again, with the id of the last event. */
export function createSocket(url: string, access: Access): Client {
  return createClient({
    url,
    ...socketOptions(access),
    retryAttempts: 0,
    keepAlive: KEEP_ALIVE_MS,
    lazyCloseTimeout: 1_000,
    shouldRetry: () => false,
  });
}

export function createApollo(endpoints: Endpoints, socket: Client, resume: ResumeLink, access: Access): ApolloClient {
  const http = ApolloLink.from([
    createAccessLink(access),
    new RetryLink({
      delay: { initial: 250, max: 2_000, jitter: true },
      attempts: {
        max: QUERY_ATTEMPTS,
        retryIf: (error, operation) =>
          operation.operationType === OperationTypeNode.QUERY && (!ServerError.is(error) || error.statusCode === 503),
      },
    }),
    new HttpLink({ uri: endpoints.http, fetch: fetchExactly }),
  ]);
  const live = ApolloLink.from([resume, new GraphQLWsLink(socket)]);
  return new ApolloClient({
    cache: createCache(),
    link: ApolloLink.split(({ operationType }) => operationType === OperationTypeNode.SUBSCRIPTION, live, http),
    dataMasking: true,
    devtools: { enabled: import.meta.env.DEV },
  });
}
