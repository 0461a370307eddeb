/** The page of who did what, newest first, page by page. For admins; others are told so. */
import { useQuery } from "@apollo/client/react";
import { IconHistory, IconLock } from "@tabler/icons-react";
import { getRouteApi } from "@tanstack/react-router";
import type { ReactElement } from "react";
import { AuditTable } from "@/components/audit/AuditTable";
import { LoadError } from "@/components/LoadError";
import { PageFrame, PageLoading } from "@/components/PageFrame";
import { Pager } from "@/components/Pager";
import { Screen } from "@/components/Screen";
import { AuditPageDocument } from "@/generated/graphql";
import { useTitle } from "@/hooks/useTitle";
import { useViewer, useWhyNot } from "@/hooks/useViewer";
import { polled } from "@/lib/polled";
import { refusalOf } from "@/lib/refusal";

const route = getRouteApi("/audit");
const PAGE = 100;
const ASK_AGAIN_MS = 3_000;

export function AuditPage(): ReactElement {
  useTitle("Audit");
  const isKnown = useViewer() !== null;
  const why = useWhyNot("ADMIN");
  if (why !== null) {
    return (
      <Screen icon={<IconLock size={26} stroke={1.5} />} title="The audit is for admins">
        It says who did what. {why}: whoever runs this TaskFlow can give you a token with it.
      </Screen>
    );
  }
  return isKnown ? (
    <Entries />
  ) : (
    <PageFrame title="Audit">
      <PageLoading what="the audit" />
    </PageFrame>
  );
}

function Entries(): ReactElement {
  const { after } = route.useSearch();
  const variables = { first: PAGE, after: after ?? null };
  const { data, error, refetch } = useQuery(AuditPageDocument, { ...polled(ASK_AGAIN_MS), variables });
  const audit = data?.audit;
  if (!audit && error) {
    return <LoadError what="The audit" reason={refusalOf(error)} onRetry={() => void refetch()} />;
  }
  const { hasNextPage, endCursor } = audit?.pageInfo ?? { hasNextPage: false, endCursor: null };
  return (
    <PageFrame
      title="Audit"
      note="Everything that somebody changed, but for new tasks"
      stale={error ? refusalOf(error) : null}
    >
      {!audit && <PageLoading what="the audit" />}
      {audit?.nodes.length === 0 && (
        <Screen icon={<IconHistory size={26} stroke={1.5} />} title="Nothing has been changed yet">
          Each retry, cancellation, pause, replay and deletion shows up here, by whichever way it came.
        </Screen>
      )}
      {audit && audit.nodes.length > 0 && <AuditTable entries={audit.nodes} />}
      <Pager to="/audit" after={after} next={hasNextPage ? endCursor : null} />
    </PageFrame>
  );
}
