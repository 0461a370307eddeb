/** A table of a page that shows some dozens of rows; on a narrow screen each row is a block, whose cells name themselves. */
import type { ReactElement, ReactNode } from "react";
import classes from "./DataTable.module.css";

interface Props {
  /** What the rows are: "Workers". */
  readonly label: string;
  /** An empty name is of a column of buttons. */
  readonly columns: readonly string[];
  /** The columns whose cells are numbers. */
  readonly numbers?: readonly string[];
  readonly children: ReactNode;
}

export function DataTable({ label, columns, numbers = [], children }: Props): ReactElement {
  return (
    <div className={classes["panel"]}>
      <table className={classes["table"]} aria-label={label}>
        <thead>
          <tr>
            {columns.map((name) => (
              <th key={name} scope="col" data-number={numbers.includes(name) || undefined}>
                {name === "" ? <span className={classes["unseen"]}>Actions</span> : name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>{children}</tbody>
      </table>
    </div>
  );
}

interface CellProps {
  /** The name of the column, for a narrow screen; none for what needs none. */
  readonly of?: string;
  readonly kind?: "number" | "actions" | "wide";
  readonly children: ReactNode;
}

export function Cell({ of, kind, children }: CellProps): ReactElement {
  return (
    <td data-of={of} data-number={kind === "number" || undefined} data-kind={kind}>
      {children}
    </td>
  );
}
