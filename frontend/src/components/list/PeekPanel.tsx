/** The peek: one task beside the list. */
import { useFragment } from "@apollo/client/react";
import {
  ActionIcon,
  Button,
  Code,
  CopyButton,
  Group,
  Progress,
  Skeleton,
  Stack,
  Text,
  Title,
  Tooltip,
} from "@mantine/core";
import { IconArrowRight, IconCheck, IconCopy, IconX } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import type { ReactElement, ReactNode } from "react";
import {
  LiveTaskFragmentDoc,
  PeekPanel_taskFragmentDoc,
  PeekPanelDocument,
  type PeekPanel_taskFragment,
} from "@/generated/graphql";
import { useLiveTask } from "@/hooks/useLiveTask";
import { refusalOf } from "@/lib/refusal";
import { formatJson } from "@/lib/json";
import { STATUS } from "@/lib/status";
import { Elapsed } from "@/components/Elapsed";
import { Instant } from "@/components/Instant";
import classes from "./PeekPanel.module.css";
import { StatusBadge } from "@/components/StatusBadge";
import { TaskButtons } from "@/components/TaskButtons";

interface Props {
  readonly id: string;
  readonly onClose: () => void;
}

export function PeekPanel({ id, onClose }: Props): ReactElement {
  const { data, error } = useLiveTask(PeekPanelDocument, id);
  return (
    <aside className={classes["panel"]} aria-label="Peek">
      <Group className={classes["head"] ?? ""} justify="space-between" wrap="nowrap">
        <Text size="xs" c="dimmed">
          Peek <kbd className={classes["key"]}>Space</kbd>
        </Text>
        <ActionIcon variant="subtle" color="gray" size="sm" aria-label="Close the peek" onClick={onClose}>
          <IconX size={15} aria-hidden />
        </ActionIcon>
      </Group>
      {data?.task ? (
        <PeekTask id={id} />
      ) : error ? (
        <Text p="md" role="alert">
          {refusalOf(error)}
        </Text>
      ) : data?.task === null ? (
        <Text p="md">There is no task with this id.</Text>
      ) : (
        <Stack p="md" aria-busy>
          <Skeleton h={20} w="70%" />
          <Skeleton h={90} />
        </Stack>
      )}
    </aside>
  );
}

function PeekTask({ id }: { readonly id: string }): ReactElement | null {
  const from = { __typename: "Task" as const, id };
  const live = useFragment({ fragment: LiveTaskFragmentDoc, fragmentName: "LiveTask", from });
  const rest = useFragment({ fragment: PeekPanel_taskFragmentDoc, fragmentName: "PeekPanel_task", from });
  if (!live.complete || !rest.complete) return null;
  const task = live.data;
  return (
    <Stack className={classes["body"] ?? ""} gap="md">
      <Stack gap={8}>
        <Title order={2} size="h4" className={classes["title"] ?? ""}>
          {task.title}
        </Title>
        <Group gap={10}>
          <StatusBadge status={task.status} />
          <Text size="sm" c="dimmed">
            <Elapsed status={task.status} startedAt={task.startedAt} durationMs={task.durationMs} />
          </Text>
        </Group>
        {task.progress !== null && (
          <Progress
            size="sm"
            value={task.progress * 100}
            color={`${STATUS[task.status].color}.5`}
            aria-label="Progress"
          />
        )}
        {task.message !== null && (
          <Text size="sm" className={classes["message"] ?? ""}>
            {task.message}
          </Text>
        )}
      </Stack>
      <Group gap={8}>
        <TaskButtons id={id} />
        <Button component={Link} to={`/task/${id}`} size="xs" rightSection={<IconArrowRight size={14} aria-hidden />}>
          Open
        </Button>
      </Group>
      <Facts task={rest.data} attempt={task.attempt} />
      {rest.data.error && task.status !== "DONE" && (
        <Section title="Error">
          <Code block className={classes["error"] ?? ""}>
            {rest.data.error.type}: {rest.data.error.message}
          </Code>
        </Section>
      )}
      <Json title="Payload" value={rest.data.payload} />
      <Json title="Result" value={rest.data.result} />
    </Stack>
  );
}

function Facts({ task, attempt }: { readonly task: PeekPanel_taskFragment; readonly attempt: number }): ReactElement {
  const { id, kind, queue, maxAttempts, createdAt } = task;
  return (
    <dl className={classes["facts"]}>
      <dt>Id</dt>
      <dd>
        <Group gap={4} wrap="nowrap">
          <span className={classes["id"]}>{id}</span>
          <CopyButton value={id}>
            {({ copied, copy }) => (
              <Tooltip label={copied ? "Copied" : "Copy the id"}>
                <ActionIcon size="xs" variant="subtle" color="gray" aria-label="Copy the id" onClick={copy}>
                  {copied ? <IconCheck size={13} aria-hidden /> : <IconCopy size={13} aria-hidden />}
                </ActionIcon>
              </Tooltip>
            )}
          </CopyButton>
        </Group>
      </dd>
      <dt>Kind</dt>
      <dd>{kind}</dd>
      <dt>Queue</dt>
      <dd>{queue}</dd>
      <dt>Attempt</dt>
      <dd>
        {attempt} of {maxAttempts}
      </dd>
      <dt>Created</dt>
      <dd>
        <Instant at={createdAt} />
      </dd>
    </dl>
  );
}

function Section({ title, children }: { readonly title: string; readonly children: ReactNode }): ReactElement {
  return (
    <section>
      <Title order={3} size="xs" c="dimmed" fw={500} mb={6}>
        {title}
      </Title>
      {children}
    </section>
  );
}

const SHOWN_CHARACTERS = 4_000;

function Json({ title, value }: { readonly title: string; readonly value: unknown }): ReactElement | null {
  if (value === null || value === undefined) return null;
  const text = formatJson(value);
  const isLong = text.length > SHOWN_CHARACTERS;
  return (
    <Section title={title}>
      <Code block className={classes["json"] ?? ""} tabIndex={0}>
        {isLong ? `${text.slice(0, SHOWN_CHARACTERS)}\n… open the task for the rest` : text}
      </Code>
    </Section>
  );
}
