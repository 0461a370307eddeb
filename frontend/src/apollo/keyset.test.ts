import { expect, test } from "vitest";
import { joinPages, type StoredPage } from "./keyset";

function page(letters: string, { next = true, previous = false } = {}): StoredPage {
  const edges = Array.from(letters, (id) => ({ cursor: `at-${id}`, node: { __ref: `Task:${id}` } }));
  return {
    edges,
    pageInfo: {
      hasNextPage: next,
      hasPreviousPage: previous,
      startCursor: edges[0]?.cursor ?? null,
      endCursor: edges.at(-1)?.cursor ?? null,
    },
  };
}

const shown = (joined: StoredPage): string => joined.edges.map(({ node }) => node.__ref.slice(-1)).join("");

test("the first page is the list", () => {
  expect(joinPages(undefined, page("abc"), {})).toEqual(page("abc"));
});

test("a page after a cursor goes behind it, and knows whether there is more", () => {
  const joined = joinPages(page("abc"), page("de", { next: false }), { after: "at-c" });
  expect(shown(joined)).toBe("abcde");
  expect(joined.pageInfo).toMatchObject({ hasNextPage: false, startCursor: "at-a", endCursor: "at-e" });
});

test("a page that came twice is there once", () => {
  const joined = joinPages(joinPages(page("abc"), page("de"), { after: "at-c" }), page("de"), { after: "at-c" });
  expect(shown(joined)).toBe("abcde");
});

test("a page after a cursor that is gone is appended without those that are known", () => {
  expect(shown(joinPages(page("bc"), page("cd"), { after: "at-x" }))).toBe("bcd");
});

test("a new head keeps the tail that it overlaps, so that nobody loses their place", () => {
  const joined = joinPages(page("cdefgh", { next: false }), page("abcd"), {});
  expect(shown(joined)).toBe("abcdefgh");
  expect(joined.pageInfo.hasNextPage).toBe(false);
});

test("what no longer passes the filter leaves with the new head", () => {
  expect(shown(joinPages(page("abcdef"), page("acd"), {}))).toBe("acdef");
});

test("a head beyond everything known replaces it: what lies between is not known", () => {
  const joined = joinPages(page("cde", { next: false }), page("ab"), {});
  expect(shown(joined)).toBe("ab");
  expect(joined.pageInfo.hasNextPage).toBe(true);
});

test("a head that is all there is replaces the list", () => {
  expect(shown(joinPages(page("abc"), page("b", { next: false }), {}))).toBe("b");
  expect(shown(joinPages(page("abc"), page("", { next: false }), {}))).toBe("");
});

test("a page before a cursor goes in front", () => {
  const joined = joinPages(page("cd"), page("ab", { previous: true }), { before: "at-c" });
  expect(shown(joined)).toBe("abcd");
  expect(joined.pageInfo).toMatchObject({ hasPreviousPage: true, startCursor: "at-a" });
});
