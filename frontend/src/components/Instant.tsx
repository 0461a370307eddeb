/** An instant in the format that the reader chose; the exact one as its tooltip. */
import type { ReactElement } from "react";
import { useNow } from "@/lib/clock";
import { formatInstant, formatTime } from "@/lib/format";
import { usePreferences } from "@/lib/preferences";

export function Instant({ at }: { readonly at: string }): ReactElement {
  const { time } = usePreferences();
  const now = useNow(time === "relative");
  const exact = time === "utc" ? formatInstant(at, "utc", true) : formatInstant(at, "local", true);
  return (
    <time dateTime={at} title={exact}>
      {formatTime(at, time, now)}
    </time>
  );
}
