/** The statuses as tabs, each with the number of tasks that have it now. */
import { useFragment } from "@apollo/client/react";
import { type KeyboardEvent, memo, type ReactElement } from "react";
import { StatusTabs_statsFragmentDoc, type TaskStatus } from "@/generated/graphql";
import { formatCompact, formatCount } from "@/lib/format";
import { STATUS, STATUSES } from "@/lib/status";
import classes from "./StatusTabs.module.css";

export type Tab = TaskStatus | "ALL";

interface Props {
  /** Null when the filter has several statuses. */
  readonly current: Tab | null;
  readonly onChange: (tab: Tab) => void;
  /** The id of the tab panel. */
  readonly controls: string;
}

const TABS: readonly Tab[] = ["ALL", ...STATUSES];
const STEPS: Readonly<Record<string, number>> = { ArrowLeft: -1, ArrowRight: 1 };

/** Memoised: a change of the rows does not render it. */
export const StatusTabs = memo(function StatusTabs({ current, onChange, controls }: Props): ReactElement {
  const { data, complete } = useFragment({
    fragment: StatusTabs_statsFragmentDoc,
    fragmentName: "StatusTabs_stats",
    from: "Stats:{}",
  });
  const countOf = (tab: Tab): number | undefined => {
    if (!complete) return undefined;
    return tab === "ALL" ? data.total : data.byStatus.find(({ status }) => status === tab)?.count;
  };
  const onKeyDown = (event: KeyboardEvent<HTMLDivElement>): void => {
    const step = STEPS[event.key];
    if (step === undefined) return;
    event.preventDefault();
    const at = TABS.indexOf(current ?? "ALL");
    const next = TABS[(at + step + TABS.length) % TABS.length] ?? "ALL";
    onChange(next);
    event.currentTarget.querySelector<HTMLElement>(`[data-tab="${next}"]`)?.focus();
  };
  return (
    <div role="tablist" aria-label="Status" className={classes["tabs"]} onKeyDown={onKeyDown}>
      {TABS.map((tab) => (
        <StatusTab
          key={tab}
          tab={tab}
          count={countOf(tab)}
          isCurrent={tab === current}
          isStop={tab === (current ?? "ALL")}
          controls={controls}
          onSelect={() => onChange(tab)}
        />
      ))}
    </div>
  );
});

interface StatusTabProps {
  readonly tab: Tab;
  readonly count: number | undefined;
  readonly isCurrent: boolean;
  /** Whether this tab is in the tab order; the arrow keys move to the others. */
  readonly isStop: boolean;
  readonly controls: string;
  readonly onSelect: () => void;
}

function StatusTab({ tab, count, isCurrent, isStop, controls, onSelect }: StatusTabProps): ReactElement {
  const look = tab === "ALL" ? null : STATUS[tab];
  const Icon = look?.icon;
  return (
    <button
      type="button"
      role="tab"
      data-tab={tab}
      aria-selected={isCurrent}
      aria-controls={controls}
      tabIndex={isStop ? 0 : -1}
      className={classes["tab"]}
      onClick={onSelect}
    >
      {Icon && <Icon size={14} aria-hidden style={{ color: `var(--tf-${look.color}-mark)` }} />}
      {look?.word ?? "All"}
      {count !== undefined && (
        <span className={classes["count"]} title={formatCount(count)}>
          {formatCompact(count)}
        </span>
      )}
    </button>
  );
}
