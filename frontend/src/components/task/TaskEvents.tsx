/** Every recorded event of a task by version, which shows that none is missing. */
import { Table } from "@mantine/core";
import type { ReactElement } from "react";
import { Panel } from "@/components/Panel";
import { StatusBadge } from "@/components/StatusBadge";
import { formatDuration, formatInstant, plural } from "@/lib/format";
import { type HistoryEvent, momentsOf } from "@/lib/phases";
import { usePreferences } from "@/lib/preferences";
import classes from "./TaskEvents.module.css";

export function TaskEvents({ events }: { readonly events: readonly HistoryEvent[] }): ReactElement {
  const moments = momentsOf(events);
  return (
    <Panel title="Event log" aside={plural(events.length, "event")} isFlush>
      <div className={classes["scroll"]} tabIndex={0} role="region" aria-label="Event log, in columns">
        <Table className={classes["table"] ?? ""} verticalSpacing={6} horizontalSpacing="md">
          <Table.Thead>
            <Table.Tr>
              <Table.Th className={classes["number"] ?? ""}>Version</Table.Th>
              <Table.Th>Status</Table.Th>
              <Table.Th className={classes["number"] ?? ""}>Attempt</Table.Th>
              <Table.Th>Note</Table.Th>
              <Table.Th>Worker</Table.Th>
              <Table.Th>Recorded</Table.Th>
              <Table.Th className={classes["number"] ?? ""}>After</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {events.map((event, index) => (
              <EventRow key={event.version} event={event} moment={moments[index]} before={moments[index - 1]} />
            ))}
          </Table.Tbody>
        </Table>
      </div>
    </Panel>
  );
}

interface Props {
  readonly event: HistoryEvent;
  /** When it happened, and when the event before it did: undefined of the first. */
  readonly moment: number | undefined;
  readonly before: number | undefined;
}

function EventRow({ event, moment, before }: Props): ReactElement {
  const zone = usePreferences().time === "utc" ? "utc" : "local";
  const gap = moment === undefined || before === undefined ? "" : formatDuration(moment - before);
  return (
    <Table.Tr>
      <Table.Td className={classes["number"] ?? ""}>{event.version}</Table.Td>
      <Table.Td>
        <StatusBadge status={event.status} variant="plain" />
      </Table.Td>
      <Table.Td className={classes["number"] ?? ""}>{event.attempt}</Table.Td>
      <Table.Td className={classes["note"] ?? ""}>
        {event.error && <code>{event.error.type}</code>}
        {event.message ?? (event.version === 1 ? "Created" : "")}
      </Table.Td>
      <Table.Td>
        <code>{event.workerId ?? ""}</code>
      </Table.Td>
      <Table.Td className={classes["when"] ?? ""}>
        <time dateTime={event.at}>{formatInstant(event.at, zone, true)}</time>
      </Table.Td>
      <Table.Td className={classes["number"] ?? ""}>{gap}</Table.Td>
    </Table.Tr>
  );
}
