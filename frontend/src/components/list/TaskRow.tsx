/** One task in the list. It reads its own fragment, so that a change renders this row and nothing else.
 *
 * Plain elements, no Mantine, and no Link, which listens to the router: hundreds of rows may come and go in a second.
 */
import { useFragment } from "@apollo/client/react";
import { memo, type MouseEvent, type ReactElement, type RefObject, useEffect, useRef, useState } from "react";
import { TaskRow_taskFragmentDoc, type TaskRow_taskFragment } from "@/generated/graphql";
import { hrefOf } from "@/lib/config";
import { STATUS } from "@/lib/status";
import { Elapsed } from "@/components/Elapsed";
import { Instant } from "@/components/Instant";
import { StatusBadge } from "@/components/StatusBadge";
import classes from "./TaskRow.module.css";
import columns from "./TaskTable.module.css";

interface Props {
  readonly id: string;
  readonly index: number;
  readonly isSelected: boolean;
  readonly isActive: boolean;
  readonly isPeeked: boolean;
  readonly onToggle: (id: string, isRange: boolean) => void;
  readonly onActivate: (index: number) => void;
  readonly onPeek: (id: string) => void;
  readonly onOpen: (id: string) => void;
}

export const TaskRow = memo(function TaskRow(props: Props): ReactElement {
  const { id, index, isSelected, isActive, isPeeked, onToggle, onActivate, onPeek, onOpen } = props;
  const { data: task, complete } = useFragment({
    fragment: TaskRow_taskFragmentDoc,
    fragmentName: "TaskRow_task",
    from: { __typename: "Task", id },
  });
  const flash = useFlash(complete ? task.version : undefined);
  const row = useRowFocus(isActive);
  if (!complete) return <tr className={classes["row"]} aria-rowindex={index + 2} />;

  const onClick = (event: MouseEvent<HTMLTableRowElement>): void => {
    if (event.target instanceof Element && event.target.closest("a, input, button, label")) return;
    onActivate(index);
    if (event.shiftKey) onToggle(id, true);
    else onPeek(id);
  };
  return (
    <tr
      ref={row}
      className={classes["row"]}
      aria-rowindex={index + 2}
      tabIndex={isActive ? 0 : -1}
      data-active={isActive || undefined}
      data-selected={isSelected || undefined}
      data-peeked={isPeeked || undefined}
      data-flash={flash}
      onClick={onClick}
    >
      <TaskCells task={task} isSelected={isSelected} onToggle={onToggle} onOpen={onOpen} />
    </tr>
  );
});

interface CellsProps extends Pick<Props, "isSelected" | "onToggle" | "onOpen"> {
  readonly task: TaskRow_taskFragment;
}

function TaskCells({ task, isSelected, onToggle, onOpen }: CellsProps): ReactElement {
  const { id, title, message, status } = task;
  return (
    <>
      <td className={columns["check"]}>
        <input
          type="checkbox"
          className={classes["box"]}
          aria-label={`Select ${title}`}
          checked={isSelected}
          onChange={(event) =>
            onToggle(id, event.nativeEvent instanceof globalThis.MouseEvent && event.nativeEvent.shiftKey)
          }
        />
      </td>
      <td className={columns["status"]}>
        <StatusBadge status={status} />
      </td>
      <td className={columns["title"]}>
        <a
          href={hrefOf(`/task/${id}`)}
          className={classes["link"]}
          onClick={(event) => follow(event, () => onOpen(id))}
        >
          {title}
        </a>
        {message !== null && message !== STATUS[status].word && <span className={classes["message"]}>{message}</span>}
      </td>
      <td className={columns["kind"]}>{task.kind}</td>
      <td className={columns["queue"]}>{task.queue}</td>
      <td className={columns["attempt"]}>
        <span title={`Attempt ${task.attempt} of ${task.maxAttempts}`}>
          {task.attempt}
          <span className={classes["of"]}>/{task.maxAttempts}</span>
        </span>
      </td>
      <td className={columns["progress"]}>
        {task.progress !== null && <ProgressBar task={task} share={task.progress} />}
      </td>
      <td className={columns["duration"]}>
        <Elapsed status={status} startedAt={task.startedAt} durationMs={task.durationMs} />
      </td>
      <td className={columns["created"]}>
        <Instant at={task.createdAt} />
      </td>
    </>
  );
}

function ProgressBar({ task, share }: { readonly task: TaskRow_taskFragment; readonly share: number }): ReactElement {
  return (
    <div
      role="progressbar"
      aria-label={`Progress of ${task.title}`}
      aria-valuenow={Math.round(share * 100)}
      className={classes["bar"]}
    >
      <div style={{ width: `${share * 100}%`, background: `var(--tf-${STATUS[task.status].color}-mark)` }} />
    </div>
  );
}

function follow(event: MouseEvent, open: () => void): void {
  if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return; // the browser opens a tab or a window
  event.preventDefault();
  open();
}

/** The ref of a row that takes the focus when it becomes active. */
function useRowFocus(isActive: boolean): RefObject<HTMLTableRowElement | null> {
  const row = useRef<HTMLTableRowElement>(null);
  const isThere = useRef(false);
  useEffect(() => {
    const isMovedTo = isThere.current;
    isThere.current = true;
    if (isActive && (isMovedTo || mayTakeFocus(row.current))) row.current?.focus({ preventScroll: true });
  }, [isActive]);
  return row;
}

/** Whether a row of a new list may take the focus: from a row of the old list it may, from a text field it may not. */
function mayTakeFocus(row: HTMLElement | null): boolean {
  const focused = document.activeElement;
  return focused === null || focused === document.body || row?.closest("table")?.contains(focused) === true;
}

/** A name that alternates with each version after the first one shown, so that the animation runs again. */
function useFlash(version: number | undefined): "a" | "b" | undefined {
  const [first, setFirst] = useState(version);
  if (first === undefined && version !== undefined) setFirst(version);
  if (version === undefined || first === undefined || version === first) return undefined;
  return version % 2 === 0 ? "a" : "b";
}
