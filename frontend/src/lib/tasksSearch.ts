/** The list's state in the URL: typed, and only what differs from the defaults is written. Pure. */
import type { TaskFilter, TaskOrder, TaskStatus } from "@/generated/graphql";
import { STATUSES } from "./status";

export type SortKey = "newest" | "oldest" | "updated" | "stale";
export type TimeRange = "15m" | "1h" | "24h" | "7d" | "30d";

export interface TasksSearch {
  readonly status?: readonly TaskStatus[] | undefined;
  readonly kind?: readonly string[] | undefined;
  readonly queue?: readonly string[] | undefined;
  readonly q?: string | undefined;
  /** A span that ends now; or two instants. */
  readonly range?: TimeRange | undefined;
  readonly from?: string | undefined;
  readonly to?: string | undefined;
  readonly sort?: Exclude<SortKey, "newest"> | undefined;
  /** The id of the peeked task. */
  readonly peek?: string | undefined;
}

export const RANGES: Record<TimeRange, { readonly label: string; readonly ms: number }> = {
  "15m": { label: "Last 15 minutes", ms: 15 * 60_000 },
  "1h": { label: "Last hour", ms: 3_600_000 },
  "24h": { label: "Last 24 hours", ms: 86_400_000 },
  "7d": { label: "Last 7 days", ms: 7 * 86_400_000 },
  "30d": { label: "Last 30 days", ms: 30 * 86_400_000 },
};

export const SORTS: Record<SortKey, { readonly label: string; readonly order: TaskOrder }> = {
  newest: { label: "Newest first", order: { field: "CREATED_AT", direction: "DESC" } },
  oldest: { label: "Oldest first", order: { field: "CREATED_AT", direction: "ASC" } },
  updated: { label: "Changed last", order: { field: "UPDATED_AT", direction: "DESC" } },
  stale: { label: "Unchanged longest", order: { field: "UPDATED_AT", direction: "ASC" } },
};

type Raw = Readonly<Record<string, unknown>>;

function strings(value: unknown): readonly string[] | undefined {
  const list = (Array.isArray(value) ? value : value === undefined ? [] : [value])
    .map((one: unknown) => (typeof one === "number" ? String(one) : one))
    .filter((one): one is string => typeof one === "string" && one !== "");
  return list.length > 0 ? [...new Set(list)] : undefined;
}

const text = (value: unknown): string | undefined => strings(value)?.[0]?.trim() || undefined;

/** The length of an instant whose year has four digits: the API takes no other. */
const ISO_LENGTH = "2026-01-01T00:00:00.000Z".length;

function instant(value: unknown): string | undefined {
  const at = Date.parse(text(value) ?? "");
  const iso = Number.isNaN(at) ? "" : new Date(at).toISOString();
  return iso.length === ISO_LENGTH ? iso : undefined;
}

const isStatus = (value: string): value is TaskStatus => (STATUSES as readonly string[]).includes(value);
const keyOf = <Key extends string>(value: unknown, known: Readonly<Record<Key, unknown>>): Key | undefined =>
  typeof value === "string" && Object.hasOwn(known, value) ? (value as Key) : undefined;

/** Parses the URL. An unknown value becomes undefined under its key; without the key the router would keep the value. */
export function parseTasksSearch(raw: Raw): TasksSearch {
  const status = strings(raw["status"])
    ?.map((one) => one.toUpperCase())
    .filter(isStatus);
  const sort = keyOf(raw["sort"], SORTS);
  return {
    status: status && status.length > 0 ? status : undefined,
    kind: strings(raw["kind"]),
    queue: strings(raw["queue"]),
    q: text(raw["q"]),
    range: keyOf(raw["range"], RANGES),
    from: instant(raw["from"]),
    to: instant(raw["to"]),
    sort: sort === "newest" ? undefined : sort,
    peek: text(raw["peek"]),
  };
}

export function stripUndefined<Shape extends object>(shape: Shape): Shape {
  return Object.fromEntries(Object.entries(shape).filter(([, value]) => value !== undefined)) as Shape;
}

/** `now` is when the filter was set: the beginning of a span is fixed from then on. */
export function toFilter(search: TasksSearch, now: number): TaskFilter | null {
  const after = search.range ? new Date(now - RANGES[search.range].ms).toISOString() : search.from;
  const filter: TaskFilter = stripUndefined({
    statuses: search.status,
    kinds: search.kind,
    queues: search.queue,
    search: search.q,
    createdAfter: after,
    createdBefore: search.to,
  });
  return Object.keys(filter).length > 0 ? filter : null;
}

export const toOrder = (search: TasksSearch): TaskOrder => SORTS[search.sort ?? "newest"].order;

export const toQuery = (search: TasksSearch, now: number): { filter: TaskFilter | null; orderBy: TaskOrder } => ({
  filter: toFilter(search, now),
  orderBy: toOrder(search),
});

/** What clears every filter, and leaves order and peek. */
export const NO_FILTER: Partial<TasksSearch> = {
  status: undefined,
  kind: undefined,
  queue: undefined,
  q: undefined,
  range: undefined,
  from: undefined,
  to: undefined,
};

export const isFiltered = ({ status, kind, queue, q, range, from, to }: TasksSearch): boolean =>
  [status, kind, queue, q, range, from, to].some((one) => one !== undefined);
