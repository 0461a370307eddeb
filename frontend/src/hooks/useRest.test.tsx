import { act, renderHook } from "@testing-library/react";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { useRest } from "./useRest";

const PATIENCE_MS = 20_000;

beforeEach(() => void vi.useFakeTimers());
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

function setVisibility(state: DocumentVisibilityState): void {
  vi.spyOn(document, "visibilityState", "get").mockReturnValue(state);
  act(() => void document.dispatchEvent(new Event("visibilitychange")));
}

const pass = (ms: number): void => act(() => void vi.advanceTimersByTime(ms));

test("a hidden tab rests after a while, and says for how long when it is seen again", () => {
  const woke = vi.fn<(restedMs: number) => void>();
  const { result } = renderHook(() => useRest(woke, PATIENCE_MS));
  setVisibility("hidden");
  pass(PATIENCE_MS - 1);
  expect(result.current).toBe(false);
  pass(1);
  expect(result.current).toBe(true);
  pass(5_000);
  setVisibility("visible");
  expect(result.current).toBe(false);
  expect(woke).toHaveBeenCalledExactlyOnceWith(5_000);
});

test("a short look away changes nothing", () => {
  const woke = vi.fn<(restedMs: number) => void>();
  const { result } = renderHook(() => useRest(woke, PATIENCE_MS));
  setVisibility("hidden");
  pass(PATIENCE_MS / 2);
  setVisibility("visible");
  pass(PATIENCE_MS);
  expect(result.current).toBe(false);
  expect(woke).not.toHaveBeenCalled();
});
