import { beforeEach, expect, test, vi } from "vitest";
import type { Access } from "@/lib/access";
import { recallToken } from "@/lib/token";
import { Session } from "./session";

const TOKENS = ["good", "better"];

/** An API that knows TOKENS, and what was opened of it. */
function makeSession() {
  const opened: Access[] = [];
  const close = vi.fn();
  const session = new Session((access) => {
    opened.push(access);
    const isKnown = access.token !== null && TOKENS.includes(access.token);
    return { token: access.token, close, check: () => Promise.resolve(isKnown ? null : "wrong") };
  });
  return { session, opened, close };
}

beforeEach(() => sessionStorage.clear());

test("without a token it begins open, and asks for one when the API does", () => {
  const { session, opened } = makeSession();
  const heard = vi.fn();
  session.subscribe(heard);
  expect(session.get().api?.token).toBeNull();
  opened[0]?.onRefused();
  expect(session.get()).toEqual({ why: "needed" });
  opened[0]?.onRefused();
  expect(heard).toHaveBeenCalledOnce();
});

test("a token that the API takes opens it, and is kept for this tab when asked for, and nowhere else", async () => {
  const { session, opened } = makeSession();
  opened[0]?.onRefused();
  expect(await session.signIn("good", false)).toBeNull();
  expect(session.get().api?.token).toBe("good");
  expect(recallToken()).toBeNull();
  session.signOut();
  expect(session.get()).toEqual({ why: "left" });
  expect(await session.signIn("good", true)).toBeNull();
  expect(makeSession().session.get().api?.token).toBe("good");
  expect(JSON.stringify(localStorage)).not.toContain("good");
});

test("a wrong token says so, is closed, and leaves the page as it was", async () => {
  const { session, opened, close } = makeSession();
  opened[0]?.onRefused();
  close.mockClear();
  expect(await session.signIn("bad", true)).toBe("wrong");
  expect(close).toHaveBeenCalledOnce();
  expect(session.get()).toEqual({ why: "needed" });
  expect(recallToken()).toBeNull();
});

test("a withdrawn token is forgotten; a late refusal of an earlier one changes nothing", async () => {
  const { session, opened, close } = makeSession();
  opened[0]?.onRefused();
  await session.signIn("good", true);
  opened[1]?.onRefused();
  expect(session.get()).toEqual({ why: "withdrawn" });
  expect(recallToken()).toBeNull();
  expect(close).toHaveBeenCalledTimes(2);
  await session.signIn("better", false);
  opened[1]?.onRefused();
  expect(session.get().api?.token).toBe("better");
});
