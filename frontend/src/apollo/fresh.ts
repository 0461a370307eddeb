/** A cache in which a task never goes back: an answer may be older than the events that overtook it. */
import { type Cache, InMemoryCache, type Reference } from "@apollo/client";
import { LiveTaskFragmentDoc } from "@/generated/graphql";

type Fields = Record<string, unknown>;

export class FreshCache extends InMemoryCache {
  override write(options: Cache.WriteOptions): Reference | undefined {
    return super.write({ ...options, result: this.freshFields(options.result as Fields) });
  }

  /** The same data, in which each task that the cache knows in a newer version has what changes as the cache has it. */
  private fresh(data: unknown): unknown {
    if (Array.isArray(data)) return data.map((item) => this.fresh(item));
    return isTyped(data) ? this.freshFields(data) : data;
  }

  private freshFields(data: Fields): Fields {
    const fields = Object.fromEntries(Object.entries(data).map(([name, value]) => [name, this.fresh(value)]));
    const { __typename: type, id, version } = fields;
    if (type !== "Task" || typeof id !== "string" || typeof version !== "number") return fields;
    const place = { id: `Task:${id}`, fragment: LiveTaskFragmentDoc, fragmentName: "LiveTask" };
    const known = this.readFragment({ ...place, returnPartialData: true });
    if (known?.version === undefined || known.version <= version) return fields;
    const kept = Object.entries(known).filter(([name]) => name in fields);
    return { ...fields, ...Object.fromEntries(kept) };
  }
}

/** An object of the schema, unlike those in a payload or a result. */
const isTyped = (data: unknown): data is Fields => typeof data === "object" && data !== null && "__typename" in data;
