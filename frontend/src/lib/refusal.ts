/** Why the API did not do what it was asked for, in its own words where it has any. */
import { CombinedGraphQLErrors, ServerError } from "@apollo/client/errors";

type Refusal = { readonly errors?: readonly { readonly message: string }[]; readonly detail?: string };

export function refusalOf(error: unknown): string {
  if (CombinedGraphQLErrors.is(error)) return error.errors.map(({ message }) => message).join("; ");
  const said = ServerError.is(error) ? wordsOf(error.bodyText) : undefined;
  if (said) return said;
  return error instanceof Error ? `The API did not answer (${error.message})` : "The API did not answer";
}

/** Of an answer with an error status: GraphQL errors, or a problem document. */
function wordsOf(body: string): string | undefined {
  try {
    const { errors, detail } = JSON.parse(body) as Refusal;
    return errors?.map(({ message }) => message).join("; ") ?? detail;
  } catch {
    return undefined; // a proxy's page: its status says more
  }
}
