/** The pages that the header, the command palette and the keys lead to. */
import { IconChartHistogram, IconHistory, IconList, IconMailX, IconServer2, IconStack2 } from "@tabler/icons-react";

export const PAGES = [
  { to: "/", word: "Tasks", icon: IconList, key: "t" },
  { to: "/overview", word: "Overview", icon: IconChartHistogram, key: "o" },
  { to: "/workers", word: "Workers", icon: IconServer2, key: "w" },
  { to: "/queues", word: "Queues", icon: IconStack2, key: "q" },
  { to: "/dead-letters", word: "Dead letters", icon: IconMailX, key: "d" },
  { to: "/audit", word: "Audit", icon: IconHistory, key: "a" },
] as const;

export type Page = (typeof PAGES)[number];
