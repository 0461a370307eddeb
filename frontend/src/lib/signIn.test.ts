import { expect, test } from "vitest";
import { mistakeInToken } from "./signIn";

test.each([
  ["0123456789abcdefXYZ._~-", null],
  ["", "Paste your token."],
  ["two words", "A token has no space in it: was more copied than the token?"],
  ["ann:admin:0123456789abcdef", "A token has no colon: of name:role:secret, the secret is the token."],
  ["0123456789ä", "A token has no ä, only letters, digits and . _ ~ -"],
])("%j: %j", (token, mistake) => expect(mistakeInToken(token)).toBe(mistake));
