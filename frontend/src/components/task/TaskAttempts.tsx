/** Every attempt, the newest first and open: who ran it, for how long, and why it failed. */
import { Accordion, Text } from "@mantine/core";
import {
  IconCircleCheckFilled,
  IconCircleMinus,
  IconCircleXFilled,
  IconArrowBackUp,
  IconPlayerPlayFilled,
} from "@tabler/icons-react";
import { type ReactElement, useState } from "react";
import { CopyIcon } from "@/components/CopyIcon";
import { Instant } from "@/components/Instant";
import { Panel } from "@/components/Panel";
import { formatSpan, plural } from "@/lib/format";
import type { Attempt, Outcome } from "@/lib/phases";
import { Traceback } from "./Traceback";
import classes from "./TaskAttempts.module.css";

type Icon = typeof IconCircleCheckFilled;

const LOOK: Record<Outcome, { readonly icon: Icon; readonly color: string; readonly word: string }> = {
  done: { icon: IconCircleCheckFilled, color: "jade", word: "Done" },
  failed: { icon: IconCircleXFilled, color: "rose", word: "Failed" },
  cancelled: { icon: IconCircleMinus, color: "stone", word: "Cancelled" },
  "given back": { icon: IconArrowBackUp, color: "amber", word: "Given back" },
};
const RUNNING = { icon: IconPlayerPlayFilled, color: "azure", word: "Running" };

export function TaskAttempts({ attempts }: { readonly attempts: readonly Attempt[] }): ReactElement {
  const newest = attempts[0]?.phase.version;
  /** Null until the reader opens or closes an attempt; until then the newest one is open. */
  const [chosen, setChosen] = useState<string[] | null>(null);
  return (
    <Panel title="Attempts" aside={plural(attempts.length, "attempt")} isFlush>
      {attempts.length === 0 ? (
        <Text size="sm" c="dimmed" p={16}>
          None yet.
        </Text>
      ) : (
        <Accordion
          multiple
          order={3}
          chevronSize={16}
          value={chosen ?? [String(newest)]}
          onChange={setChosen}
          classNames={{
            item: classes["item"] ?? "",
            control: classes["control"] ?? "",
            label: classes["summary"] ?? "",
          }}
        >
          {attempts.map((attempt) => (
            <AttemptItem key={attempt.phase.version} attempt={attempt} />
          ))}
        </Accordion>
      )}
    </Panel>
  );
}

function AttemptItem({ attempt }: { readonly attempt: Attempt }): ReactElement {
  const { phase, error, message, workerId } = attempt;
  const { icon: Icon, color, word } = phase.outcome ? LOOK[phase.outcome] : RUNNING;
  return (
    <Accordion.Item value={String(phase.version)}>
      <Accordion.Control>
        <span className={classes["row"]}>
          <Icon size={16} aria-hidden className={classes["icon"] ?? ""} style={{ color: `var(--tf-${color}-mark)` }} />
          <span className={classes["name"]}>Attempt {phase.attempt}</span>
          <span style={{ color: `var(--tf-${color}-text)` }}>{word}</span>
          {error && <span className={classes["type"]}>{error.type}</span>}
          <span className={classes["duration"]}>{formatSpan(phase)}</span>
        </span>
      </Accordion.Control>
      <Accordion.Panel>
        <dl className={classes["facts"]}>
          <div>
            <dt>Worker</dt>
            <dd>
              <code>{workerId ?? "not known"}</code>
              {workerId !== null && <CopyIcon text={workerId} label="Copy the worker's name" />}
            </dd>
          </div>
          <div>
            <dt>Started</dt>
            <dd>
              <Instant at={phase.at} />
            </dd>
          </div>
          <div>
            <dt>{phase.isOpen ? "Has been running for" : "Ran for"}</dt>
            <dd>{formatSpan(phase)}</dd>
          </div>
        </dl>
        {error ? (
          <div className={classes["error"]}>
            <p className={classes["what"]}>
              <code>{error.type}</code> {error.message}
            </p>
            {error.traceback !== null && <Traceback text={error.traceback} />}
          </div>
        ) : (
          message !== null && <Text size="sm">{message}</Text>
        )}
      </Accordion.Panel>
    </Accordion.Item>
  );
}
