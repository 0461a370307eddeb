/** Subscribes again when the socket breaks, with `after` the last event that was seen, so that nothing is missed. */
import { ApolloLink } from "@apollo/client";
import { CombinedGraphQLErrors } from "@apollo/client/errors";
import type { DocumentNode } from "graphql";
import { Observable, type Subscription } from "rxjs";

const FIRST_WAIT_MS = 300;
const LONGEST_WAIT_MS = 5_000;

/** After a longer absence what was missed is not replayed: what is shown is asked for again, which costs less. */
export const LONGEST_REPLAY_MS = 120_000;
const FINAL_CODES: ReadonlySet<unknown> = new Set(["BAD_USER_INPUT", "NOT_FOUND", "FORBIDDEN", "UNAUTHENTICATED"]);

/** The wait before the attempt after `failures` (>= 1) of them: doubles, and `jitter` in [0, 1) takes up to half away. */
export function retryWait(failures: number, jitter: number): number {
  const full = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** (failures - 1));
  return Math.round(full * (1 - jitter / 2));
}

/** Whether the API said that the operation itself is wrong: trying again can't help. */
export function isFinal(error: unknown): boolean {
  return (
    CombinedGraphQLErrors.is(error) && error.errors.some(({ extensions }) => FINAL_CODES.has(extensions?.["code"]))
  );
}

function takesAfter(query: DocumentNode): boolean {
  return query.definitions.some(
    (definition) =>
      definition.kind === "OperationDefinition" &&
      (definition.variableDefinitions ?? []).some(({ variable }) => variable.name.value === "after"),
  );
}

function eventId(result: ApolloLink.Result): string | undefined {
  return (result.data as { taskStatus?: { id?: string } } | null | undefined)?.taskStatus?.id;
}

export class ResumeLink extends ApolloLink {
  private readonly waiting = new Set<() => void>();

  /** Don't wait any longer: the network is back, or somebody asked. */
  now(): void {
    for (const go of [...this.waiting]) go();
  }

  override request(
    operation: ApolloLink.Operation,
    forward: ApolloLink.ForwardFunction,
  ): Observable<ApolloLink.Result> {
    const resumes = takesAfter(operation.query);
    return new Observable((observer) => {
      let inner: Subscription | undefined;
      let failures = 0;
      let lostAt: number | undefined;
      let cancelWait = (): void => undefined;

      const connect = (): void => {
        if (resumes && lostAt !== undefined && Date.now() - lostAt > LONGEST_REPLAY_MS) {
          operation.variables = { ...operation.variables, after: null };
        }
        inner = forward(operation).subscribe({
          next: (result) => {
            failures = 0;
            lostAt = undefined;
            const id = resumes ? eventId(result) : undefined;
            if (id !== undefined) operation.variables = { ...operation.variables, after: id };
            observer.next(result);
          },
          error: (error: unknown) => {
            if (isFinal(error)) observer.error(error);
            else wait();
          },
          complete: () => wait(),
        });
      };

      const wait = (): void => {
        failures += 1;
        lostAt ??= Date.now();
        const go = (): void => {
          cancelWait();
          connect();
        };
        const timer = setTimeout(go, retryWait(failures, Math.random()));
        this.waiting.add(go);
        cancelWait = () => {
          clearTimeout(timer);
          this.waiting.delete(go);
        };
      };

      connect();
      return () => {
        cancelWait();
        inner?.unsubscribe();
      };
    });
  }
}
