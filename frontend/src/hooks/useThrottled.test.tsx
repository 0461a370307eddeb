import { renderHook } from "@testing-library/react";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { useThrottled } from "./useThrottled";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test("many calls are one at once, and one more after the last", () => {
  const action = vi.fn<() => void>();
  const { result } = renderHook(() => useThrottled(action, 1_000));
  for (let call = 0; call < 15; call++) {
    result.current();
    vi.advanceTimersByTime(100);
  }
  expect(action).toHaveBeenCalledTimes(2);
  vi.advanceTimersByTime(2_000);
  expect(action).toHaveBeenCalledTimes(3);
});

test("nothing happens once the page is gone", () => {
  const action = vi.fn<() => void>();
  const { result, unmount } = renderHook(() => useThrottled(action, 1_000));
  result.current();
  unmount();
  vi.advanceTimersByTime(2_000);
  expect(action).not.toHaveBeenCalled();
});
