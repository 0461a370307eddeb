/** The header of the list: a checkbox for every row, the names of the columns, the last of which sorts. */
import { Checkbox } from "@mantine/core";
import { IconArrowDown, IconArrowUp } from "@tabler/icons-react";
import type { ReactElement } from "react";
import type { SortKey } from "@/lib/tasksSearch";
import classes from "./TaskTable.module.css";

const COLUMNS = ["Status", "Title", "Kind", "Queue", "Attempt", "Progress", "Duration"] as const;

interface Props {
  readonly isAllSelected: boolean;
  readonly isAnySelected: boolean;
  readonly onToggleAll: () => void;
  readonly sort: SortKey;
  readonly onSort: () => void;
}

export function TaskTableHead({ isAllSelected, isAnySelected, onToggleAll, sort, onSort }: Props): ReactElement {
  return (
    <thead>
      <tr aria-rowindex={1}>
        <th className={classes["check"]} scope="col">
          <Checkbox
            size="xs"
            aria-label="Select all that are loaded"
            checked={isAllSelected}
            indeterminate={!isAllSelected && isAnySelected}
            onChange={onToggleAll}
          />
        </th>
        {COLUMNS.map((name) => (
          <th key={name} className={classes[name.toLowerCase()]} scope="col">
            {name}
          </th>
        ))}
        <CreatedHeader sort={sort} onSort={onSort} />
      </tr>
    </thead>
  );
}

function CreatedHeader({ sort, onSort }: { readonly sort: SortKey; readonly onSort: () => void }): ReactElement {
  const direction = sort === "newest" ? "descending" : sort === "oldest" ? "ascending" : "none";
  const Arrow = sort === "oldest" ? IconArrowUp : IconArrowDown;
  return (
    <th className={classes["created"]} scope="col" aria-sort={direction}>
      <button type="button" className={classes["sort"]} onClick={onSort}>
        Created {direction !== "none" && <Arrow size={13} aria-hidden />}
      </button>
    </th>
  );
}
