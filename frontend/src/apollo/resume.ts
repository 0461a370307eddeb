/** Subscribes again when the socket breaks, with the id of the last event as `after`, so that no event is missed. */
import { ApolloLink } from "@apollo/client";
import { CombinedGraphQLErrors } from "@apollo/client/errors";
import type { DocumentNode } from "graphql";
import { Observable, type Observer, type Subscription } from "rxjs";

const FIRST_WAIT_MS = 300;
const LONGEST_WAIT_MS = 5_000;

/** After a longer disconnection the missed events are not replayed: the queries are fetched again, which costs less. */
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
  private readonly operations = new Set<Resumed>();
  private begins = 0;

  /** How many times a subscription that resumes has been sent. */
  get begun(): number {
    return this.begins;
  }

  /** Ends every wait and connects now, in the order in which the operations were asked for: they share one socket. */
  readonly now = (): void => {
    for (const operation of [...this.operations]) operation.stopWaiting();
  };

  override request(
    operation: ApolloLink.Operation,
    forward: ApolloLink.ForwardFunction,
  ): Observable<ApolloLink.Result> {
    return new Observable((observer) => {
      const counted = (sent: ApolloLink.Operation): Observable<ApolloLink.Result> => {
        if (resumed.resumes) this.begins += 1;
        return forward(sent);
      };
      const resumed = new Resumed(operation, counted, observer, this.now);
      this.operations.add(resumed);
      resumed.connect();
      return () => {
        this.operations.delete(resumed);
        resumed.end();
      };
    });
  }
}

/** One operation, which is forwarded again after each break for as long as it has an observer. */
class Resumed {
  readonly resumes: boolean;
  private inner: Subscription | undefined;
  private failures = 0;
  private lostAt: number | undefined;
  private waiting: ReturnType<typeof setTimeout> | undefined;

  /** `onTurn` is called when the wait to connect again is over: it ends that of every operation. */
  constructor(
    private readonly operation: ApolloLink.Operation,
    private readonly forward: ApolloLink.ForwardFunction,
    private readonly observer: Observer<ApolloLink.Result>,
    private readonly onTurn: () => void,
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

  stopWaiting(): void {
    if (this.waiting === undefined) return;
    this.cancelWait();
    this.connect();
  }

  end(): void {
    this.cancelWait();
    this.inner?.unsubscribe();
  }

  private cancelWait(): void {
    clearTimeout(this.waiting);
    this.waiting = undefined;
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
    this.waiting = setTimeout(this.onTurn, retryWait(this.failures, Math.random()));
  }
}
