/** The page of the workers that are there now. */
import { useQuery } from "@apollo/client/react";
import { Code } from "@mantine/core";
import { IconServerOff } from "@tabler/icons-react";
import type { ReactElement } from "react";
import { Banners } from "@/components/banners/Banners";
import { LoadError } from "@/components/LoadError";
import { PageFrame, PageLoading } from "@/components/PageFrame";
import { Screen } from "@/components/Screen";
import { WorkerTable } from "@/components/workers/WorkerTable";
import { WorkersPageDocument } from "@/generated/graphql";
import { useTitle } from "@/hooks/useTitle";
import { formatCount, plural } from "@/lib/format";
import { polled } from "@/lib/polled";
import { refusalOf } from "@/lib/refusal";
import { slotsOf } from "@/lib/workers";

const ASK_AGAIN_MS = 1_500;

export function WorkersPage(): ReactElement {
  useTitle("Workers");
  const { data, error, refetch } = useQuery(WorkersPageDocument, polled(ASK_AGAIN_MS));
  const workers = data?.workers;
  if (!workers && error) {
    return <LoadError what="The workers" reason={refusalOf(error)} onRetry={() => void refetch()} />;
  }
  const { slots, running } = slotsOf(workers ?? []);
  return (
    <PageFrame
      title="Workers"
      note={
        workers && workers.length > 0
          ? `${plural(workers.length, "process", "processes")} · ${formatCount(running)} of ${plural(slots, "slot")} in use`
          : undefined
      }
      stale={error ? refusalOf(error) : null}
    >
      <Banners />
      {!workers && <PageLoading what="the workers" />}
      {workers?.length === 0 && <NoWorkers />}
      {workers && workers.length > 0 && <WorkerTable workers={workers} />}
    </PageFrame>
  );
}

function NoWorkers(): ReactElement {
  return (
    <Screen icon={<IconServerOff size={26} stroke={1.5} />} title="No worker runs">
      Tasks wait until one does. Start it with <Code>WORKER_HANDLERS=your.module taskflow worker</Code>, with the same
      settings as the API. It shows up here by itself.
    </Screen>
  );
}
