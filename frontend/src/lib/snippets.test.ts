import { parse } from "graphql";
import { expect, test } from "vitest";
import { parseJson } from "./json";
import { asCurl, asGraphQL, asPython, type Recipe } from "./snippets";

const RECIPE: Recipe = {
  title: "It's due",
  kind: "charge",
  queue: "default",
  payload: parseJson('{"number": 9007199254740993, "tags": ["a", {"b": null}]}'),
  maxAttempts: 4,
  runAt: null,
};

test("a date that is still ahead goes along, by the name that each API has for it", () => {
  const later = { ...RECIPE, runAt: "2999-01-01T00:00:00Z" };
  expect(asGraphQL(later)).toContain('runAt: "2999-01-01T00:00:00Z"');
  expect(asCurl(later, "http://h/graphql")).toContain('"run_at":"2999-01-01T00:00:00Z"');
  expect(asCurl(RECIPE, "http://h/graphql")).not.toContain("run_at");
});

test("as GraphQL it is a document, with every digit", () => {
  const text = asGraphQL(RECIPE);
  expect(() => parse(text)).not.toThrow();
  expect(text).toContain("number: 9007199254740993");
  expect(text).not.toContain("queue");
});

test("a payload whose names GraphQL can't write goes as variables", () => {
  const text = asGraphQL({ ...RECIPE, payload: { "content-type": 1 } });
  expect(() => parse(text)).not.toThrow();
  expect(text).toContain("$input: CreateTaskInput!");
  expect(text).toContain('"content-type": 1');
});

test("as curl a quote in the title stays in its word", () => {
  const text = asCurl(RECIPE, "http://127.0.0.1:8000/graphql");
  expect(text).toContain("http://127.0.0.1:8000/tasks");
  expect(text).toContain(`It'\\''s due`);
  expect(text).toContain('"max_attempts":4');
});

test("as Python the JSON is one literal", () => {
  expect(asPython(RECIPE, "http://127.0.0.1:8000/graphql")).toContain(String.raw`json.loads("{\"title\":\"It's due\"`);
});
