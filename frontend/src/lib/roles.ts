/** What each role may do, and the sentence for who may not. The server decides; this saves asking in vain. Pure. */
import type { Role } from "@/generated/graphql";

/** Each may do what those before it may. */
const RANK: Record<Role, number> = { VIEWER: 1, OPERATOR: 2, ADMIN: 3 };

export const ROLE_WORD: Record<Role, string> = { VIEWER: "viewer", OPERATOR: "operator", ADMIN: "admin" };

/** Null when the role is enough, or not known yet: the server refuses what it does not allow. */
export function whyNot(role: Role | null, needed: Role): string | null {
  if (role === null || RANK[role] >= RANK[needed]) return null;
  return `This takes the role ${ROLE_WORD[needed]}; yours is ${ROLE_WORD[role]}`;
}
