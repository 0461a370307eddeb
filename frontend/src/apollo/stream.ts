/** Writes events into the cache in batches, at most ten times a second, and notifies its listeners of each batch. */
import type { ApolloClient } from "@apollo/client";
import { HealTaskDocument } from "@/generated/graphql";
import { applyBatch } from "./apply";
import { type Batch, EventBuffer, type StreamEvent } from "./events";

export const FLUSH_MS = 100;
const HEALED_AT_ONCE = 20;

export class TaskStream {
  private readonly buffer = new EventBuffer();
  private readonly listeners = new Set<(batch: Batch) => void>();
  private readonly starters = new Set<() => void>();
  private run = 0;
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly client: ApolloClient) {}

  get lastId(): string | null {
    return this.buffer.lastId;
  }

  push(event: StreamEvent): void {
    if (this.buffer.push(event)) this.timer ??= setTimeout(this.flush, FLUSH_MS);
  }

  /** Calls the listener after each batch is in the cache. Returns a function that removes the listener. */
  listen(listener: (batch: Batch) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Calls the listener when the stream runs anew: a query from before it may lack the events since then. */
  onStart(starter: () => void): () => void {
    this.starters.add(starter);
    return () => this.starters.delete(starter);
  }

  /** The stream runs, for the time with that number. */
  runs(run: number): void {
    if (run === this.run) return;
    this.run = run;
    for (const starter of this.starters) starter();
  }

  /** An answer may be older than events of tasks that were not yet in the cache: those tasks are fetched again. */
  check(versions: ReadonlyMap<string, number>): void {
    for (const [id, version] of versions) if (this.buffer.versionOf(id) > version) this.ask(id);
  }

  private readonly flush = (): void => {
    this.timer = undefined;
    const batch = this.buffer.take();
    const { gaps } = applyBatch(this.client.cache, batch);
    this.heal(gaps);
    for (const listener of this.listeners) listener(batch);
  };

  /** A few tasks with a gap are fetched one by one; with many, every query that is shown is fetched again. */
  private heal(gaps: readonly string[]): void {
    if (gaps.length > HEALED_AT_ONCE) {
      void this.client.refetchQueries({ include: "active" });
      return;
    }
    for (const id of gaps) this.ask(id);
  }

  private ask(id: string): void {
    this.client.query({ query: HealTaskDocument, variables: { id }, fetchPolicy: "network-only" }).catch(() => {
      // The next event of the task shows the gap again, and the fetch is repeated.
    });
  }
}
