/** Calls `action` at most once in `ms`, and once more after the last call. */
import { useCallback, useEffect, useEffectEvent, useRef } from "react";

export function useThrottled(action: () => void, ms: number): () => void {
  const latest = useEffectEvent(action);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const fire = useRef<() => void>(undefined);
  useEffect(() => {
    let ranAt = 0;
    fire.current = () => {
      timer.current ??= setTimeout(
        () => {
          timer.current = undefined;
          ranAt = Date.now();
          latest();
        },
        Math.max(0, ranAt + ms - Date.now()),
      );
    };
    return () => {
      clearTimeout(timer.current);
      timer.current = undefined;
    };
  }, [ms]);
  return useCallback(() => fire.current?.(), []);
}
