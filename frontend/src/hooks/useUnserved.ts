/** What waits in vain, once that has lasted: between two workers a queue is without one for a moment. */
import { skipToken, useQuery } from "@apollo/client/react";
import { useState } from "react";
import { UnservedDocument } from "@/generated/graphql";
import { useNow } from "@/lib/clock";
import { polled } from "@/lib/polled";
import { type Unserved, unserved } from "@/lib/unserved";
import { useLater } from "./useLater";

const ASK_AGAIN_MS = 4_000;
const AFTER_ROWS_MS = 1_500;
const PATIENCE_MS = 5_000;
/** Without the cache, in which its tasks would take the place of a page of the list. */
const OPTIONS = { ...polled(ASK_AGAIN_MS), fetchPolicy: "no-cache" as const };
const NOTHING: Unserved = { queues: [], kinds: [] };

export function useUnserved(): Unserved {
  const isLater = useLater(AFTER_ROWS_MS);
  const { data } = useQuery(UnservedDocument, isLater ? OPTIONS : skipToken);
  const isThere = data !== undefined;
  const now = useNow(isThere);
  const found = data ? unserved(data.workers, data.queues, data.tasks.nodes, now) : NOTHING;
  const what = JSON.stringify([
    found.queues.map(({ name }) => name),
    found.kinds.map(({ kind, queue }) => [kind, queue]),
  ]);
  const [seen, setSeen] = useState({ what, since: now });
  if (seen.what !== what) setSeen({ what, since: now });
  return now - seen.since < PATIENCE_MS ? NOTHING : found;
}
