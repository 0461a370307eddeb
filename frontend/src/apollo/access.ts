/** Sends the token with each operation over HTTP, and tells of an answer that says the API does not take it. */
import { ApolloLink } from "@apollo/client";
import { CombinedGraphQLErrors, ServerError } from "@apollo/client/errors";
import type { GraphQLFormattedError } from "graphql";
import { tap } from "rxjs";
import { type Access, headersOf } from "@/lib/access";

export function createAccessLink({ token, onRefused }: Access): ApolloLink {
  return new ApolloLink((operation, forward) => {
    operation.setContext(({ headers }) => ({ headers: { ...(headers as object), ...headersOf(token) } }));
    return forward(operation).pipe(
      tap({
        next: ({ errors }) => {
          if (errors?.some(saysUnauthenticated)) onRefused();
        },
        error: (error: unknown) => {
          if (isUnauthenticated(error)) onRefused();
        },
      }),
    );
  });
}

export function isUnauthenticated(error: unknown): boolean {
  if (ServerError.is(error)) return error.statusCode === 401;
  return CombinedGraphQLErrors.is(error) && error.errors.some(saysUnauthenticated);
}

const saysUnauthenticated = ({ extensions }: GraphQLFormattedError): boolean =>
  extensions?.["code"] === "UNAUTHENTICATED";
