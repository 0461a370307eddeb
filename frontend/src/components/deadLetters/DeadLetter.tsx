/** One dead letter: why nobody could run it, what it holds, and what can be done with it. */
import { Code } from "@mantine/core";
import { IconSend, IconTrash } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import { type ReactElement, useId, useState } from "react";
import { ActionButton } from "@/components/ActionButton";
import { ConfirmDialog } from "@/components/ConfirmDialog";
import { CopyIcon } from "@/components/CopyIcon";
import { Instant } from "@/components/Instant";
import type { DeadLettersPageQuery } from "@/generated/graphql";
import { useDeadLetterActions } from "@/hooks/useDeadLetterActions";
import { useWhyNot } from "@/hooks/useViewer";
import { readableBody } from "@/lib/deadLetters";
import classes from "./DeadLetter.module.css";

type Letter = DeadLettersPageQuery["deadLetters"]["nodes"][number];

export function DeadLetter({ letter }: { readonly letter: Letter }): ReactElement {
  const title = useId();
  const body = readableBody(letter.body);
  return (
    <li>
      <article className={classes["letter"]} aria-labelledby={title}>
        <div className={classes["head"]}>
          <h2 id={title} className={classes["reason"]}>
            {letter.reason}
          </h2>
          <Actions letter={letter} />
        </div>
        <Facts letter={letter} />
        {letter.isCut && <p className={classes["nothing"]}>It was too large: this is its beginning.</p>}
        {body === "" ? (
          <p className={classes["nothing"]}>Its body is empty.</p>
        ) : (
          <div className={classes["body"]}>
            <Code block tabIndex={0} role="region" aria-label="Body" className={classes["text"] ?? ""}>
              {body}
            </Code>
            <div className={classes["copy"]}>
              <CopyIcon text={letter.body} label="Copy the body" />
            </div>
          </div>
        )}
      </article>
    </li>
  );
}

function Facts({ letter: { at, queue, taskId } }: { readonly letter: Letter }): ReactElement {
  return (
    <p className={classes["facts"]}>
      <Instant at={at} />
      {queue !== null && <span>queue {queue}</span>}
      {taskId === null ? (
        <span>names no task</span>
      ) : (
        <span>
          task{" "}
          <Link to="/task/$taskId" params={{ taskId }} className={classes["task"]}>
            {taskId}
          </Link>
        </span>
      )}
    </p>
  );
}

function Actions({ letter: { id, reason, queue, isCut } }: { readonly letter: Letter }): ReactElement {
  const { replay, discard, isBusy } = useDeadLetterActions();
  const [isAsking, setAsking] = useState(false);
  const why = useWhyNot("OPERATOR");
  return (
    <div className={classes["actions"]}>
      <ActionButton
        label="Replay"
        icon={<IconSend size={14} aria-hidden />}
        why={why ?? (isCut ? "It was too large to be kept whole" : null)}
        isBusy={isBusy && !isAsking}
        onClick={() => void replay(id)}
      />
      <ActionButton
        label="Discard"
        icon={<IconTrash size={14} aria-hidden />}
        why={why}
        onClick={() => setAsking(true)}
      />
      {isAsking && (
        <ConfirmDialog
          title="Discard this dead letter?"
          action="Discard"
          icon={<IconTrash size={14} aria-hidden />}
          isBusy={isBusy}
          onConfirm={() => void discard(id).then(() => setAsking(false))}
          onClose={() => setAsking(false)}
        >
          “{reason}”{queue !== null && ` from the queue ${queue}`} will be gone for good, with its body. That can&apos;t
          be undone.
        </ConfirmDialog>
      )}
    </div>
  );
}
