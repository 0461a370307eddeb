/** The page of the queues as they are now, on which each can be paused and resumed. */
import { useQuery } from "@apollo/client/react";
import { IconStack2 } from "@tabler/icons-react";
import type { ReactElement } from "react";
import { Banners } from "@/components/banners/Banners";
import { LoadError } from "@/components/LoadError";
import { PageFrame, PageLoading } from "@/components/PageFrame";
import { QueueTable } from "@/components/queues/QueueTable";
import { Screen } from "@/components/Screen";
import { QueuesPageDocument } from "@/generated/graphql";
import { useTitle } from "@/hooks/useTitle";
import { plural } from "@/lib/format";
import { polled } from "@/lib/polled";
import { refusalOf } from "@/lib/refusal";

const ASK_AGAIN_MS = 2_000;

export function QueuesPage(): ReactElement {
  useTitle("Queues");
  const { data, error, refetch } = useQuery(QueuesPageDocument, polled(ASK_AGAIN_MS));
  const queues = data?.queues;
  if (!queues && error) {
    return <LoadError what="The queues" reason={refusalOf(error)} onRetry={() => void refetch()} />;
  }
  const paused = queues?.filter(({ pausedAt }) => pausedAt !== null).length ?? 0;
  return (
    <PageFrame
      title="Queues"
      note={
        queues && queues.length > 0
          ? `${plural(queues.length, "queue")}${paused > 0 ? ` · ${paused} paused` : ""}`
          : undefined
      }
      stale={error ? refusalOf(error) : null}
    >
      <Banners />
      {!queues && <PageLoading what="the queues" />}
      {queues?.length === 0 && (
        <Screen icon={<IconStack2 size={26} stroke={1.5} />} title="There is no queue yet">
          A queue is there once a task names it, or a worker takes from it.
        </Screen>
      )}
      {queues && queues.length > 0 && <QueueTable queues={queues} />}
    </PageFrame>
  );
}
