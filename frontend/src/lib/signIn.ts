/** The sentences of the sign-in page: why it is shown, and why a token was not taken. Pure. */

/** Why the sign-in page is shown. */
export type Why = "needed" | "withdrawn" | "left";

export const WHY_SIGN_IN: Record<Why, string> = {
  needed: "This TaskFlow takes nobody without a token. Whoever runs it has yours.",
  withdrawn: "The API takes your token no longer: it was withdrawn, or replaced. What you had open comes back.",
  left: "You have signed out.",
};

export const WRONG_TOKEN = "The API knows no such token.";

/** What can't be a token is not sent: the API would answer that the header is malformed. Null when it can be one. */
export function mistakeInToken(token: string): string | null {
  if (token === "") return "Paste your token.";
  const stray = /[^A-Za-z0-9._~-]/.exec(token)?.[0];
  if (stray === undefined) return null;
  if (stray.trim() === "") return "A token has no space in it: was more copied than the token?";
  if (stray === ":") return "A token has no colon: of name:role:secret, the secret is the token.";
  return `A token has no ${stray}, only letters, digits and . _ ~ -`;
}
