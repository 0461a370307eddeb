import { ApolloClient, ApolloLink, gql, InMemoryCache } from "@apollo/client";
import { ServerError } from "@apollo/client/errors";
import { of, throwError } from "rxjs";
import { expect, test, vi } from "vitest";
import { createAccessLink } from "./access";

const QUERY = gql("{ viewer { name } }");
const unauthenticated = { message: "No token", extensions: { code: "UNAUTHENTICATED" } };
const answer401 = (): ServerError =>
  new ServerError("no", { response: new Response("", { status: 401 }), bodyText: "a proxy's page" });

function ask(token: string | null, end: ApolloLink.RequestHandler) {
  const onRefused = vi.fn();
  const link = ApolloLink.from([createAccessLink({ token, onRefused }), new ApolloLink(end)]);
  const client = new ApolloClient({ cache: new InMemoryCache(), link });
  return { onRefused, asked: client.query({ query: QUERY }).catch(() => undefined) };
}

test("the token goes out in a header, and without one there is no header", async () => {
  const headers: unknown[] = [];
  for (const token of ["secret", null]) {
    await ask(token, (operation) => {
      headers.push(operation.getContext()["headers"]);
      return of({ data: { viewer: { __typename: "Viewer", name: null } } });
    }).asked;
  }
  expect(headers).toEqual([{ authorization: "Bearer secret" }, {}]);
});

test.each([
  ["an error with the code UNAUTHENTICATED", () => of({ errors: [unauthenticated] }), 1],
  ["an answer with the status 401", () => throwError(answer401), 1],
  ["any other error", () => of({ errors: [{ message: "No", extensions: { code: "FORBIDDEN" } }] }), 0],
  ["no answer", () => throwError(() => new TypeError("fetch failed")), 0],
])("%s refuses the token: %#", async (_, end, times) => {
  const { asked, onRefused } = ask("secret", end);
  await asked;
  expect(onRefused).toHaveBeenCalledTimes(times);
});
