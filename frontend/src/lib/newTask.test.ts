import { expect, test } from "vitest";
import { check, EMPTY, type NewTaskValues, parseNewTaskSearch, refusalOfFields, toInput, valuesOf } from "./newTask";

const values = (changes: Partial<NewTaskValues>): NewTaskValues => ({ ...EMPTY, title: "Resize album", ...changes });

test.each([
  [{}, {}],
  [{ title: "  " }, { title: "A task needs a title" }],
  [{ title: "x".repeat(256) }, { title: "At most 255 characters" }],
  [{ payload: '{\n"a" 1}' }, { payload: "Line 2, column 5: A colon is expected here, not 1" }],
  [{ payload: "[1]" }, { payload: "A payload is an object, as { … }, or nothing" }],
  [{ payload: "null" }, {}],
  [{ payload: '{"n": 1e999}' }, { payload: "Line 1, column 7: 1e999 is beyond what a number can be" }],
  [{ maxAttempts: "1.5" }, { maxAttempts: "A number from 1 to 100" }],
  [{ maxAttempts: "0" }, { maxAttempts: "A number from 1 to 100" }],
  [{ runAt: "soon" }, { runAt: "This is no date" }],
])("%j: %j", (changes, errors) => expect(check(values(changes))).toEqual(errors));

test("what is empty is left to the API, and every digit of the payload goes out", () => {
  const input = toInput(values({ title: " Charge ", payload: '{"id": 9007199254740993}' }), "key-1");
  expect(JSON.stringify(input)).toBe('{"title":"Charge","idempotencyKey":"key-1","payload":{"id":9007199254740993}}');
});

test("an instant goes out in UTC", () => {
  const { runAt } = toInput(values({ runAt: "2026-03-01T09:00:00" }), "key-1");
  expect(runAt).toBe(new Date("2026-03-01T09:00:00").toISOString());
});

test("a copy begins with what the other was given", () => {
  const source = { title: "a", kind: "k", queue: "q", payload: { n: 1 }, maxAttempts: 5 };
  const begun = { attempt: 1, runAt: "2026-03-02T09:00:00Z" };
  const now = Date.parse("2026-03-01T09:00:00Z");
  const copy = valuesOf({ ...source, ...begun }, now);
  expect(copy).toEqual({ ...EMPTY, ...source, payload: '{\n  "n": 1\n}', maxAttempts: "5" });
  expect(valuesOf({ ...source, ...begun, payload: null }, now).payload).toBe("");
  const ahead = valuesOf({ ...source, ...begun, attempt: 0 }, now);
  expect(new Date(ahead.runAt).toISOString()).toBe("2026-03-02T09:00:00.000Z");
  expect(valuesOf({ ...source, ...begun, attempt: 0 }, Date.parse("2026-03-03T09:00:00Z")).runAt).toBe("");
});

test("what the API refuses lands on its field; what has none is told beside the form", () => {
  const errors = [
    { field: "kind", message: "takes letters" },
    { field: "idempotencyKey", message: "takes 1 to 128 characters" },
  ];
  expect(refusalOfFields({ errors }, "")).toEqual({
    fields: { kind: "It takes letters" },
    rest: "idempotencyKey takes 1 to 128 characters",
  });
  expect(refusalOfFields({ code: "CONFLICT" }, "the key is taken")).toEqual({ fields: {}, rest: "the key is taken" });
});

test("the address names the task to copy, or nothing", () => {
  expect(parseNewTaskSearch({ from: "an-id", other: "x" })).toEqual({ from: "an-id" });
  expect(parseNewTaskSearch({ from: ["a", "b"] })).toEqual({});
});

test("a copy leaves hidden fields empty", () => {
  const payload = { card: "**********", month: 4 };
  const source = { title: "a", kind: "k", queue: "q", payload, maxAttempts: 5, attempt: 0, runAt: null };
  expect(valuesOf(source, 0).payload).toBe('{\n  "card": "",\n  "month": 4\n}');
});
