/** The overview: present counts, throughput, durations, and the kinds and queues with problems. */
import { useQuery } from "@apollo/client/react";
import { Alert, Skeleton, Title, VisuallyHidden } from "@mantine/core";
import { getRouteApi, Link } from "@tanstack/react-router";
import type { ReactElement } from "react";
import { Banners } from "@/components/banners/Banners";
import { LoadError } from "@/components/LoadError";
import { Durations } from "@/components/overview/Durations";
import { OverviewFigures } from "@/components/overview/OverviewFigures";
import { Rankings } from "@/components/overview/Rankings";
import { StoragePanel } from "@/components/overview/StoragePanel";
import { Throughput } from "@/components/overview/Throughput";
import { WorkersPanel } from "@/components/overview/WorkersPanel";
import { OverviewPageDocument } from "@/generated/graphql";
import { refusalOf } from "@/lib/refusal";
import { useTitle } from "@/hooks/useTitle";
import { polled } from "@/lib/polled";
import { SPAN_KEYS, SPANS } from "@/lib/overviewSearch";
import classes from "./OverviewPage.module.css";

const route = getRouteApi("/overview");
const ASK_AGAIN_MS = 3_000;

export function OverviewPage(): ReactElement {
  const { span: chosen = "1h" } = route.useSearch();
  useTitle("Overview");
  const { span, range } = SPANS[chosen];
  const { data, previousData, error, refetch } = useQuery(OverviewPageDocument, {
    variables: { span },
    ...polled(ASK_AGAIN_MS),
  });
  const shown = data ?? previousData;
  if (!shown && error) {
    return <LoadError what="The figures" reason={refusalOf(error)} onRetry={() => void refetch()} />;
  }
  return (
    <div className={classes["page"]}>
      <header className={classes["head"]}>
        <Title order={1} className={classes["title"] ?? ""}>
          Overview
        </Title>
        <Spans />
      </header>
      {error && (
        <Alert color="rose" variant="light" role="alert" className={classes["stale"] ?? ""}>
          What you see may be out of date: {refusalOf(error)}.
        </Alert>
      )}
      <Banners />
      <OverviewFigures />
      {shown ? (
        <>
          <div className={classes["charts"]}>
            <Throughput history={shown.history} />
            <Durations history={shown.history} />
          </div>
          <Rankings kinds={shown.history.kinds} queues={shown.queues} range={range} />
          <div className={classes["charts"]}>
            <WorkersPanel workers={shown.workers} />
            <StoragePanel storage={shown.storage} />
          </div>
        </>
      ) : (
        <div className={classes["charts"]} role="status">
          <VisuallyHidden>Loading the figures</VisuallyHidden>
          <Skeleton h={288} radius="lg" />
          <Skeleton h={288} radius="lg" />
        </div>
      )}
    </div>
  );
}

function Spans(): ReactElement {
  return (
    <nav className={classes["spans"]} aria-label="How far back">
      {SPAN_KEYS.map((key) => (
        <Link
          key={key}
          to="/overview"
          search={{ span: key === "1h" ? undefined : key }}
          activeOptions={{ exact: true, includeSearch: true }}
          replace
          className={classes["span"]}
        >
          {SPANS[key].label}
        </Link>
      ))}
    </nav>
  );
}
