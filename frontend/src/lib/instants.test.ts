import { expect, test } from "vitest";
import { spanMs } from "./instants";

test.each([
  ["2026-03-01T09:00:00.000900Z", "2026-03-01T09:00:00.014100Z", 13],
  ["2026-03-01T09:00:00.000100Z", "2026-03-01T09:00:00.014100Z", 14],
  ["2026-03-01T09:00:00Z", "2026-03-01T09:00:01.5Z", 1_500],
  ["2026-03-01T09:00:01.000000Z", "2026-03-01T09:00:00.000000Z", 0],
])("from %s to %s: %i ms, as the API counts", (from, to, ms) => expect(spanMs(from, to)).toBe(ms));
