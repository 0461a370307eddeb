import { expect, test } from "vitest";
import { readableBody } from "./deadLetters";

test.each([
  ['{"id":9007199254740993}', '{\n  "id": 9007199254740993\n}'],
  ["not JSON \uFFFD", "not JSON \uFFFD"],
  ["", ""],
])("%j", (body, shown) => expect(readableBody(body)).toBe(shown));
