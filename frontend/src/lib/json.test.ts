import { expect, test } from "vitest";
import { digitsOf, formatJson, isExactNumber, JsonMistake, parseJson, protectNumbers } from "./json";

test("an integer beyond a number's reach keeps every digit, there and back", () => {
  const text = '{"id":9007199254740993,"small":42,"text":"9007199254740993","in":[-12345678901234567890,1.5]}';
  const value = parseJson(text) as Record<string, unknown>;
  expect(isExactNumber(value["id"]) && digitsOf(value["id"])).toBe("9007199254740993");
  expect(value["text"]).toBe("9007199254740993");
  expect(formatJson(value, 0)).toBe(text);
});

test.each(["-0.0", "-0", "-0e5", "9223372036854775807", "-9223372036854775808", "18446744073709551615"])(
  "%s keeps its digits, there and back",
  (digits) => {
    const text = `{"in":[${digits},{"text":"${digits}"}]}`;
    expect(formatJson(parseJson(text), 0)).toBe(text);
  },
);

test("what a number can hold, and long fractions, are left alone", () => {
  const text = '{"a":1234567890123456,"b":0.12345678901234567,"c":"\\"12345678901234567890"}';
  expect(protectNumbers(text)).toBe(text);
});

test.each([
  ['{"a": 1,}', 1, 9, "name"],
  ['{\n  "a": 1\n  "b": 2\n}', 3, 3, "comma"],
  ["{'a': 1}", 1, 2, "double quotes"],
  ['{"a": yes}', 1, 7, "yes"],
  ['{"a": 01}', 1, 7, "01"],
  ['{"a": 1', 1, 8, "ends"],
  ['{"a": "x\n"}', 1, 7, "end"],
  ["[1, 2}", 1, 6, "]"],
  ["{} 1", 1, 4, "follow"],
  ["", 1, 1, "value"],
])("%j: the mistake is at %d:%d", (text, line, column, word) => {
  try {
    parseJson(text);
    expect.unreachable();
  } catch (error) {
    expect(error).toBeInstanceOf(JsonMistake);
    expect(error).toMatchObject({ line, column });
    expect((error as JsonMistake).message).toContain(word);
  }
});

test("what JSON.parse takes is taken", () => {
  for (const value of [null, true, -1.5e10, 'a\n\u2028"', [], {}, { a: [{ b: null }] }]) {
    expect(parseJson(JSON.stringify(value, null, 2))).toEqual(value);
  }
});
