import { expect, test } from "vitest";
import { whyNot } from "./roles";

test.each([
  ["VIEWER", "OPERATOR", "This takes the role operator; yours is viewer"],
  ["OPERATOR", "ADMIN", "This takes the role admin; yours is operator"],
  ["OPERATOR", "OPERATOR", null],
  ["ADMIN", "OPERATOR", null],
  [null, "ADMIN", null],
] as const)("%s, where %s is needed: %j", (role, needed, why) => expect(whyNot(role, needed)).toBe(why));
