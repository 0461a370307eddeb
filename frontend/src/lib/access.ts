/** How a token goes to the API, and how the API says that it does not take it; and how a socket is closed. */
import type { Client } from "graphql-ws";

export interface Access {
  /** Null where the API takes everybody. */
  readonly token: string | null;
  /** Called when the API does not take the token, or wants one; more than once, when several requests are under way. */
  readonly onRefused: () => void;
}

export const headersOf = (token: string | null): Readonly<Record<string, string>> =>
  token === null ? {} : { authorization: `Bearer ${token}` };

/** The options of a socket that takes the token along, and tells of a server that does not take it. */
export const socketOptions = ({ token, onRefused }: Access) => ({
  ...(token !== null && { connectionParams: { token } }),
  on: {
    closed: (event: unknown): void => {
      if (isRefusal(event)) onRefused();
    },
  },
});

/** One that is only connecting is closed once it has connected, or fails to: nobody waits for that. */
export function closeSocket(socket: Pick<Client, "dispose">): void {
  Promise.resolve(socket.dispose()).catch(() => undefined);
}

/** Whether a closed socket is one whose token the server does not take, or takes no longer. */
export const isRefusal = (event: unknown): boolean =>
  typeof event === "object" && event !== null && "code" in event && event.code === 4403;
