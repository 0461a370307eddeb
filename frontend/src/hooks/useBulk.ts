/** One action on the whole selection: its progress, and the outcome of each task. */
import { useState } from "react";
import { type Outcome, type TaskAction, useTaskActions } from "./useTaskActions";

interface Run {
  readonly action: TaskAction;
  readonly total: number;
  readonly outcomes: readonly Outcome[];
  readonly isOver: boolean;
}

export interface Bulk {
  /** The latest run, until the reader closes its outcome. */
  readonly run: Run | null;
  readonly isBusy: boolean;
  readonly start: (action: TaskAction) => void;
  readonly close: () => void;
}

/** `onDone` is called when no task was refused; otherwise the selection stays. */
export function useBulk(ids: ReadonlySet<string>, onDone: () => void): Bulk {
  const { runAll } = useTaskActions();
  const [run, setRun] = useState<Run | null>(null);
  const isBusy = run !== null && !run.isOver;

  const start = async (action: TaskAction): Promise<void> => {
    if (isBusy || ids.size === 0) return;
    const chosen = [...ids];
    setRun({ action, total: chosen.length, outcomes: [], isOver: false });
    const outcomes = await runAll(action, chosen, (outcome) =>
      setRun((before) => before && { ...before, outcomes: [...before.outcomes, outcome] }),
    );
    setRun({ action, total: chosen.length, outcomes, isOver: true });
    if (outcomes.every(({ refusal }) => refusal === null)) onDone();
  };
  return { run, isBusy, start: (action) => void start(action), close: () => setRun(null) };
}
