import { expect, test } from "vitest";
import { parseJson } from "./json";
import { formatPath, linesOf, reveal, search, SHOWN_AT_FIRST, type View } from "./jsonTree";

const FRESH: View = { toggled: new Map(), shown: new Map() };
const VALUE = parseJson(
  '{"job": {"name": "album", "tags": {"deep": {"down": [1, 2]}}}, "id": 9007199254740993, "on": null}',
);

const shown = (view: View, value: unknown = VALUE): readonly string[] =>
  linesOf(value, view).map(
    ({ path, content }) => `${formatPath(path)} ${content.kind === "leaf" ? content.text : content.kind}`,
  );

test("the first levels are open, and no digit is lost", () => {
  expect(shown(FRESH)).toEqual([
    "$ branch",
    "$.job branch",
    "$.job.name album",
    "$.job.tags branch",
    "$.id 9007199254740993",
    "$.on null",
  ]);
});

test("a search finds names and values, and opens the way to them", () => {
  expect(search(VALUE, "DOWN").map(formatPath)).toEqual(["$.job.tags.deep.down"]);
  expect(search(VALUE, "0993").map(formatPath)).toEqual(["$.id"]);
  const [path] = search(VALUE, "down");
  expect(shown(reveal(FRESH, VALUE, path ?? []))).toContain("$.job.tags.deep.down branch");
});

test("of many children the first are shown, and one beyond them is reached by a search", () => {
  const many = { items: Array.from({ length: 950 }, (_, index) => `item ${index}`) };
  const lines = linesOf(many, FRESH);
  expect(lines).toHaveLength(2 + SHOWN_AT_FIRST + 1);
  expect(lines.at(-1)?.content).toEqual({ kind: "more", hidden: 850 });
  const [path] = search(many, "item 949");
  expect(shown(reveal(FRESH, many, path ?? []), many)).toContain("$.items[949] item 949");
});

test("a name that is none needs quotes in a path", () => {
  expect(formatPath(["a b", 3, "c"])).toBe('$["a b"][3].c');
});
