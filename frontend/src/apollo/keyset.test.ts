import { expect, test } from "vitest";
import { cut, joinPages, type Pages } from "./keyset";

function page(letters: string, hasMore = true, searchedUntil: string | null = null): Pages {
  const entries = Array.from(letters, (id) => ({ id, cursor: `at-${id}` }));
  return { entries, hasMore, end: searchedUntil ?? entries.at(-1)?.cursor ?? null, searchedUntil };
}

const shown = ({ entries }: Pages): string => entries.map(({ id }) => id).join("");

test("the first page is the list", () => {
  expect(joinPages(undefined, page("abc"), null)).toEqual(page("abc"));
});

test("a page after a cursor goes behind it, and knows whether there is more", () => {
  expect(joinPages(page("abc"), page("de", false), "at-c")).toEqual(page("abcde", false));
});

test("a page that came twice is there once", () => {
  expect(shown(joinPages(joinPages(page("abc"), page("de"), "at-c"), page("de"), "at-c"))).toBe("abcde");
});

test("a page after a cursor that is gone is appended without those that are known", () => {
  expect(shown(joinPages(page("bc"), page("cd"), "at-x"))).toBe("bcd");
});

test("a new head keeps the tail that it overlaps, so that the reader keeps the scroll position", () => {
  expect(joinPages(page("cdefgh", false), page("abcd"), null)).toEqual(page("abcdefgh", false));
});

test("a head that changes nothing is the same list", () => {
  const list = page("abcd");
  expect(joinPages(list, page("ab"), null)).toBe(list);
});

test("what no longer passes the filter leaves with the new head", () => {
  expect(shown(joinPages(page("abcdef"), page("acd"), null))).toBe("acdef");
});

test("a head without an overlap replaces every page: the rows between are not known", () => {
  expect(joinPages(page("cde", false), page("ab"), null)).toEqual(page("ab"));
});

test("a head that is all there is replaces the list", () => {
  expect(shown(joinPages(page("abc"), page("b", false), null))).toBe("b");
  expect(shown(joinPages(page("abc"), page("", false), null))).toBe("");
});

test("what is cut off can be loaded again", () => {
  expect(cut(page("abcd", false), 3)).toEqual(page("abc"));
  expect(cut(page("ab", false), 3)).toEqual(page("ab", false));
});

test("a search that stopped early goes on from where it did", () => {
  const stopped = page("ab", true, "2026-01-31T12:00:00Z");
  expect(joinPages(stopped, page("cd", false), stopped.end)).toEqual(page("abcd", false));
});

test("a new head in which nothing is found keeps what was found further down", () => {
  const found = page("ab", false);
  expect(joinPages(found, page("", true, "2026-01-31T12:00:00Z"), null)).toBe(found);
});
