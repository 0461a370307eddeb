/** The announcements of the stream for screen readers: at most a sentence every few seconds. */
import { useRef, useState } from "react";
import { addTallies, EMPTY_TALLY, type Tally } from "@/apollo/events";
import { describeTally } from "@/lib/tally";
import { useBatches } from "./live";
import { useThrottled } from "./useThrottled";

const PAUSE_MS = 5_000;

export function useAnnouncements(): string {
  const [text, setText] = useState("");
  const tally = useRef<Tally>(EMPTY_TALLY);
  const announce = useThrottled(() => {
    setText(describeTally(tally.current) ?? "");
    tally.current = EMPTY_TALLY;
  }, PAUSE_MS);
  useBatches((batch) => {
    tally.current = addTallies(tally.current, batch.tally);
    announce();
  });
  return text;
}
