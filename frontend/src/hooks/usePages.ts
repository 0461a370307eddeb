/** The pages in the header: dead letters only where there are any, the audit only for who may read it. */
import { skipToken, useQuery } from "@apollo/client/react";
import { DeadLetterCountDocument } from "@/generated/graphql";
import { type Page, PAGES } from "@/lib/pages";
import { polled } from "@/lib/polled";
import { useLater } from "./useLater";
import { useViewer } from "./useViewer";

const ASK_AGAIN_MS = 10_000;
const AFTER_ROWS_MS = 1_000;

export interface ShownPage {
  readonly page: Page;
  /** How many there are on it, where that is a reason to look. */
  readonly count: number | null;
}

/** `current` is the path of the page that is open: it is shown in any case. */
export function usePages(current: string): readonly ShownPage[] {
  const role = useViewer()?.role;
  const { data } = useQuery(DeadLetterCountDocument, useLater(AFTER_ROWS_MS) ? polled(ASK_AGAIN_MS) : skipToken);
  const dead = data?.deadLetters.totalCount ?? 0;
  return PAGES.filter(({ to }) => {
    if (to === current) return true;
    return to === "/dead-letters" ? dead > 0 : to !== "/audit" || role === "ADMIN";
  }).map((page) => ({ page, count: page.to === "/dead-letters" && dead > 0 ? dead : null }));
}
