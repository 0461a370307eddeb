import { expect, test } from "vitest";
import { parseSearch, stringifySearch } from "./searchParams";
import { isFiltered, parseTasksSearch, toFilter, toOrder } from "./tasksSearch";

test("an address reads as people write it, and comes back the same", () => {
  const address = "?status=FAILED&status=CANCELLED&kind=charge&q=card+7";
  const search = parseTasksSearch(parseSearch(address));
  expect(search).toEqual({ status: ["FAILED", "CANCELLED"], kind: ["charge"], q: "card 7" });
  expect(stringifySearch({ ...search })).toBe(address);
});

test("defaults and what is not known are left out", () => {
  const raw = { status: ["nonsense"], sort: "newest", range: "1y", q: "  ", from: "yesterday", other: "1" };
  expect(parseTasksSearch(raw)).toEqual({});
  expect(stringifySearch(parseTasksSearch(raw) as Record<string, unknown>)).toBe("");
});

test("no address breaks the page: what the language itself knows, or the API takes for no instant, is not known", () => {
  const raw = { range: "toString", sort: "constructor", from: "+275760-01-01", to: "-000001-01-01" };
  expect(Object.values(parseTasksSearch(raw)).every((one) => one === undefined)).toBe(true);
  expect(parseTasksSearch({ from: "2026-03-01" }).from).toBe("2026-03-01T00:00:00.000Z");
});

test("each key is said, or the router would hand on what was left out", () => {
  const all = ["from", "kind", "peek", "q", "queue", "range", "sort", "status", "to"];
  expect(Object.keys(parseTasksSearch({})).toSorted()).toEqual(all);
});

test("names that look like numbers or paths stay what they are", () => {
  expect(parseTasksSearch(parseSearch("?queue=a%2Fb&kind=7"))).toEqual({ queue: ["a/b"], kind: ["7"] });
});

test("a span of time ends now", () => {
  const now = Date.parse("2026-03-01T09:00:00Z");
  expect(toFilter({ range: "1h" }, now)).toEqual({ createdAfter: "2026-03-01T08:00:00.000Z" });
  expect(toFilter({ from: "2026-01-01T00:00:00Z", to: "2026-01-02T00:00:00Z" }, now)).toEqual({
    createdAfter: "2026-01-01T00:00:00Z",
    createdBefore: "2026-01-02T00:00:00Z",
  });
  expect(toFilter({}, now)).toBeNull();
});

test("the order is the newest first unless asked otherwise", () => {
  expect(toOrder({})).toEqual({ field: "CREATED_AT", direction: "DESC" });
  expect(toOrder({ sort: "stale" })).toEqual({ field: "UPDATED_AT", direction: "ASC" });
});

test("order and peek narrow nothing down", () => {
  expect(isFiltered({ sort: "oldest", peek: "a" })).toBe(false);
  expect(isFiltered({ queue: ["default"] })).toBe(true);
});
