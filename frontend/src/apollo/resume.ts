/** Subscribes again when the socket breaks, with `after` the last event that was seen, so that nothing is missed. */
import { ApolloLink } from "@apollo/client";
import { CombinedGraphQLErrors } from "@apollo/client/errors";
import type { DocumentNode } from "graphql";
import { Observable, type Observer, type Subscription } from "rxjs";

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
    return new Observable((observer) => {
      const resumed = new Resumed(operation, forward, observer, this.waiting);
      resumed.connect();
      return () => resumed.end();
    });
  }
}

/** One operation, which is forwarded anew for as long as somebody observes it. */
class Resumed {
  private readonly resumes: boolean;
  private inner: Subscription | undefined;
  private failures = 0;
  private lostAt: number | undefined;
  private cancelWait = (): void => undefined;

  /** While it waits to connect again, what cuts the wait short is in `waiting`. */
  constructor(
    private readonly operation: ApolloLink.Operation,
    private readonly forward: ApolloLink.ForwardFunction,
    private readonly observer: Observer<ApolloLink.Result>,
    private readonly waiting: Set<() => void>,
  ) {
    this.resumes = takesAfter(operation.query);
  }

  connect(): void {
    const isTooLong = this.lostAt !== undefined && Date.now() - this.lostAt > LONGEST_REPLAY_MS;
    if (this.resumes && isTooLong) this.resumeAfter(null);
    this.inner = this.forward(this.operation).subscribe({
      next: (result) => this.pass(result),
      error: (error: unknown) => {
        if (isFinal(error)) this.observer.error(error);
        else this.wait();
      },
      complete: () => this.wait(),
    });
  }

  end(): void {
    this.cancelWait();
    this.inner?.unsubscribe();
  }

  private pass(result: ApolloLink.Result): void {
    this.failures = 0;
    this.lostAt = undefined;
    const id = this.resumes ? eventId(result) : undefined;
    if (id !== undefined) this.resumeAfter(id);
    this.observer.next(result);
  }

  private resumeAfter(id: string | null): void {
    this.operation.variables = { ...this.operation.variables, after: id };
  }

  private wait(): void {
    this.failures += 1;
    this.lostAt ??= Date.now();
    const go = (): void => {
      this.cancelWait();
      this.connect();
    };
    const timer = setTimeout(go, retryWait(this.failures, Math.random()));
    this.waiting.add(go);
    this.cancelWait = () => {
      clearTimeout(timer);
      this.waiting.delete(go);
    };
  }
}
