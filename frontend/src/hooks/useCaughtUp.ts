/** A sentence about the events that were caught up with after a reconnection, for a few seconds. */
import { useEffect, useRef, useState } from "react";
import { LONGEST_REPLAY_MS } from "@/apollo/resume";
import { plural } from "@/lib/format";
import { useBatches, useReturn } from "./live";

const REPLAY_MS = 1_500;
const SHOWN_MS = 6_000;

export function useCaughtUp(): string | null {
  const [text, setText] = useState<string | null>(null);
  const since = useRef<number | null>(null);
  const missed = useRef(0);
  const timers = useRef<ReturnType<typeof setTimeout>[]>([]);
  useEffect(() => () => timers.current.forEach(clearTimeout), []);

  useBatches(({ changes }) => {
    const returned = since.current;
    if (returned === null) return;
    for (const { event } of changes.values()) if (Date.parse(event.updatedAt) < returned) missed.current += 1;
  });
  useReturn((awayMs) => {
    since.current = Date.now();
    missed.current = 0;
    const tell = (): void => {
      since.current = null;
      if (awayMs > LONGEST_REPLAY_MS) setText("everything loaded again");
      else setText(missed.current === 0 ? "nothing missed" : `caught up ${plural(missed.current, "change")}`);
    };
    timers.current = [setTimeout(tell, REPLAY_MS), setTimeout(() => setText(null), REPLAY_MS + SHOWN_MS)];
  });
  return text;
}
