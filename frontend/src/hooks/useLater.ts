/** False at first, true after `ms`: what can wait is not asked for beside what the page opens with. */
import { useEffect, useState } from "react";

export function useLater(ms: number): boolean {
  const [isLater, setLater] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setLater(true), ms);
    return () => clearTimeout(timer);
  }, [ms]);
  return isLater;
}
