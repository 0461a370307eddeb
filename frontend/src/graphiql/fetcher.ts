/** How GraphiQL runs the operation in its editor. Stopping it, or leaving its tab, ends the request too. */
import type { Fetcher, FetcherParams } from "@graphiql/toolkit";
import { Kind, type OperationDefinitionNode, OperationTypeNode, parse } from "graphql";
import type { Client } from "graphql-ws";
import { Observable } from "rxjs";
import { fromFetch } from "rxjs/fetch";
import { type Access, headersOf } from "@/lib/access";
import { protectNumbers, toWire } from "@/lib/json";

const HEADERS = {
  "content-type": "application/json",
  accept: "application/graphql-response+json, application/json;q=0.9",
};

/** What a reader writes into the editor of headers goes before what is sent otherwise, their own token too. */
export function createFetcher(url: string, socket: Client, { token, onRefused }: Access): Fetcher {
  return (params, options) => {
    const operation = operationIn(params);
    const variables = params.variables as Readonly<Record<string, unknown>> | undefined;
    const request = { query: params.query, variables, operationName: operation?.name?.value };
    if (operation?.operation === OperationTypeNode.SUBSCRIPTION) return listen(socket, request);
    const headers = new Headers({ ...HEADERS, ...headersOf(token) });
    const given = new Headers(options?.headers);
    for (const [name, value] of given) headers.set(name, value);
    return fromFetch(url, {
      method: "POST",
      headers,
      body: JSON.stringify(request),
      selector: async (response) => {
        if (response.status === 401 && !given.has("authorization")) onRefused();
        return toWire(JSON.parse(protectNumbers(await response.text()))) as object;
      },
    });
  };
}

/** Right after a change of tabs GraphiQL still has the operation name of the previous tab. */
function operationIn({ query, operationName }: FetcherParams): OperationDefinitionNode | undefined {
  const operations = operationsOf(query);
  return (
    operations.find(({ name }) => name?.value === operationName) ??
    (operations.length === 1 ? operations[0] : undefined)
  );
}

/** Empty for a document with a syntax error: the API answers with it. */
function operationsOf(query: string): readonly OperationDefinitionNode[] {
  try {
    return parse(query).definitions.filter((one) => one.kind === Kind.OPERATION_DEFINITION);
  } catch {
    return [];
  }
}

function listen(socket: Client, request: Parameters<Client["subscribe"]>[0]): Observable<object> {
  return new Observable((observer) =>
    socket.subscribe(request, {
      next: (result) => observer.next(result),
      error: (error) =>
        observer.error(error instanceof CloseEvent ? new Error(`The socket closed (${error.code})`) : error),
      complete: () => observer.complete(),
    }),
  );
}
