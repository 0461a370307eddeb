import { expect, test } from "vitest";
import { sayHidden, withoutHidden } from "./hidden";

const SECRET = "**********";

test("secrets become empty texts, wherever they are, and everything else stays", () => {
  const payload = { card: { number: SECRET, month: 4 }, tokens: [SECRET, null], note: "***" };
  expect(withoutHidden(payload)).toEqual({
    value: { card: { number: "", month: 4 }, tokens: ["", null], note: "***" },
    paths: ["$.card.number", "$.tokens[0]"],
  });
});

test("what was left empty is said", () => {
  expect(sayHidden([])).toBeNull();
  expect(sayHidden(["$.a"])).toBe("The field $.a is hidden: it was left empty.");
  expect(sayHidden(["$.a", "$.b"])).toBe("The fields $.a, $.b are hidden: they were left empty.");
});
