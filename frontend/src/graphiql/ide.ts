/** The API as one token opens it for GraphiQL. */
import type { Fetcher } from "@graphiql/toolkit";
import { createClient } from "graphql-ws";
import type { Opened } from "@/apollo/session";
import { type Access, closeSocket, headersOf, isRefusal, socketOptions } from "@/lib/access";
import type { Endpoints } from "@/lib/config";
import { WRONG_TOKEN } from "@/lib/signIn";
import { createFetcher } from "./fetcher";

const KEEP_ALIVE_MS = 10_000;

export interface Ide extends Opened {
  readonly fetcher: Fetcher;
}

export function openIde({ http, ws }: Endpoints, access: Access): Ide {
  const socket = createClient({
    url: ws,
    keepAlive: KEEP_ALIVE_MS,
    ...socketOptions(access),
    shouldRetry: (problem) => problem instanceof CloseEvent && !isRefusal(problem),
  });
  return {
    fetcher: createFetcher(http, socket, access),
    check: () => checkToken(http, access.token),
    close: () => closeSocket(socket),
  };
}

/** Why the API does not let the token in, or null. */
async function checkToken(url: string, token: string | null): Promise<string | null> {
  const headers = { "content-type": "application/json", ...headersOf(token) };
  try {
    const { status } = await fetch(url, { method: "POST", headers, body: '{"query":"{ viewer { role } }"}' });
    if (status === 401) return WRONG_TOKEN;
    return status < 400 ? null : `The API answered with the status ${status}.`;
  } catch {
    return "The API did not answer.";
  }
}
