/** The page of what nobody could run, newest first, page by page. */
import { useQuery } from "@apollo/client/react";
import { IconMailCheck } from "@tabler/icons-react";
import { getRouteApi, Link } from "@tanstack/react-router";
import type { ReactElement } from "react";
import { DeadLetter } from "@/components/deadLetters/DeadLetter";
import { LoadError } from "@/components/LoadError";
import { PageFrame, PageLoading } from "@/components/PageFrame";
import { Pager } from "@/components/Pager";
import { Screen } from "@/components/Screen";
import { DeadLettersPageDocument } from "@/generated/graphql";
import { useTitle } from "@/hooks/useTitle";
import { plural } from "@/lib/format";
import { polled } from "@/lib/polled";
import { refusalOf } from "@/lib/refusal";
import classes from "./DeadLettersPage.module.css";

const route = getRouteApi("/dead-letters");
const PAGE = 30;
const ASK_AGAIN_MS = 3_000;

export function DeadLettersPage(): ReactElement {
  const { after } = route.useSearch();
  useTitle("Dead letters");
  const variables = { first: PAGE, after: after ?? null };
  const { data, error, refetch } = useQuery(DeadLettersPageDocument, { ...polled(ASK_AGAIN_MS), variables });
  const letters = data?.deadLetters;
  if (!letters && error) {
    return <LoadError what="The dead letters" reason={refusalOf(error)} onRetry={() => void refetch()} />;
  }
  const { hasNextPage, endCursor } = letters?.pageInfo ?? { hasNextPage: false, endCursor: null };
  return (
    <PageFrame
      title="Dead letters"
      note={letters && letters.totalCount > 0 ? plural(letters.totalCount, "message") : undefined}
      stale={error ? refusalOf(error) : null}
    >
      {!letters && <PageLoading what="the dead letters" />}
      {letters?.nodes.length === 0 && <NoLetters isOlder={after !== undefined} />}
      {letters && letters.nodes.length > 0 && (
        <>
          <p className={classes["what"]}>
            Messages that no worker could run. <b>Replay</b> publishes one again, to be taken like any other, and takes
            it off this list; if it fails again, it is a new entry. <b>Discard</b> takes it off for good. Tasks that
            failed are no dead letters: they are{" "}
            <Link to="/" search={{ status: ["FAILED"] }}>
              among the tasks
            </Link>
            .
          </p>
          <ol className={classes["list"]} aria-label="Dead letters">
            {letters.nodes.map((letter) => (
              <DeadLetter key={letter.id} letter={letter} />
            ))}
          </ol>
        </>
      )}
      <Pager to="/dead-letters" after={after} next={hasNextPage ? endCursor : null} />
    </PageFrame>
  );
}

function NoLetters({ isOlder }: { readonly isOlder: boolean }): ReactElement {
  return (
    <Screen
      icon={<IconMailCheck size={26} stroke={1.5} />}
      title={isOlder ? "There is none from before" : "No dead letter"}
    >
      {isOlder
        ? "The ones that were here have been replayed, discarded or pruned."
        : "Each message found its task and its handler. One that does not shows up here by itself."}
    </Screen>
  );
}
