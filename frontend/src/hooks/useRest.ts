/** Whether the tab is paused, as it has been hidden for a while; and for how long, once it is visible again. */
import { useEffect, useEffectEvent, useState } from "react";

const PATIENCE_MS = 20_000;

export function useRest(onWake: (restedMs: number) => void, patienceMs = PATIENCE_MS): boolean {
  const [resting, setResting] = useState(false);
  const wake = useEffectEvent(onWake);
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    let since: number | undefined;
    const look = (): void => {
      clearTimeout(timer);
      if (document.visibilityState === "hidden") {
        timer = setTimeout(() => {
          since = Date.now();
          setResting(true);
        }, patienceMs);
      } else if (since !== undefined) {
        wake(Date.now() - since);
        since = undefined;
        setResting(false);
      }
    };
    document.addEventListener("visibilitychange", look);
    return () => {
      clearTimeout(timer);
      document.removeEventListener("visibilitychange", look);
    };
  }, [patienceMs]);
  return resting;
}
