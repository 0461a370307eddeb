/** From events to the cache, at most ten times a second; and a word to whoever wants to hear of each batch. */
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
  private standing = 0;
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly client: ApolloClient) {}

  get lastId(): string | null {
    return this.buffer.lastId;
  }

  push(event: StreamEvent): void {
    if (this.buffer.push(event)) this.timer ??= setTimeout(this.flush, FLUSH_MS);
  }

  /** Calls back after each batch is in the cache. Returns how to stop. */
  listen(listener: (batch: Batch) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Calls back when the stream stands on a new connection: whoever asked before may have missed what happened until now. */
  onStart(starter: () => void): () => void {
    this.starters.add(starter);
    return () => this.starters.delete(starter);
  }

  /** It does on the connection of that number. */
  stands(connection: number): void {
    if (connection === this.standing) return;
    this.standing = connection;
    for (const starter of this.starters) starter();
  }

  /** An answer may be older than events that came before it, of tasks that were not there to be changed: asks again. */
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

  /** Few holes are filled one by one; many mean that everything shown is in doubt. */
  private heal(gaps: readonly string[]): void {
    if (gaps.length > HEALED_AT_ONCE) {
      void this.client.refetchQueries({ include: "active" });
      return;
    }
    for (const id of gaps) this.ask(id);
  }

  private ask(id: string): void {
    this.client.query({ query: HealTaskDocument, variables: { id }, fetchPolicy: "network-only" }).catch(() => {
      // The next event of the task shows the hole again, and it is tried again.
    });
  }
}
