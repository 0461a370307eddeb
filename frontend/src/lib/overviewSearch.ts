/** The time span of the overview, in the URL. Pure. */
import type { Span } from "@/generated/graphql";

export type SpanKey = "15m" | "1h" | "6h" | "24h";

export interface OverviewSearch {
  readonly span?: Exclude<SpanKey, "1h"> | undefined;
}

export const SPANS: Record<
  SpanKey,
  { readonly label: string; readonly span: Span; readonly range: "15m" | "1h" | "24h" }
> = {
  "15m": { label: "15 min", span: "MINUTES_15", range: "15m" },
  "1h": { label: "1 h", span: "HOUR_1", range: "1h" },
  "6h": { label: "6 h", span: "HOURS_6", range: "24h" },
  "24h": { label: "24 h", span: "HOURS_24", range: "24h" },
};

export const SPAN_KEYS: readonly SpanKey[] = ["15m", "1h", "6h", "24h"];

export function parseOverviewSearch(raw: Readonly<Record<string, unknown>>): OverviewSearch {
  const span = raw["span"];
  return { span: span === "15m" || span === "6h" || span === "24h" ? span : undefined };
}
