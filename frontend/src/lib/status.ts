/** The name, icon and colour of each status. Exhaustive: a new status fails the build. Colour means status, nothing else. */
import {
  IconCircleCheckFilled,
  IconCircleDashed,
  IconCircleMinus,
  IconCircleXFilled,
  IconPlayerPlayFilled,
} from "@tabler/icons-react";
import type { TaskStatus } from "@/generated/graphql";

type Icon = typeof IconCircleDashed;

interface Look {
  readonly word: string;
  readonly icon: Icon;
  /** A Mantine colour of the theme. */
  readonly color: string;
}

export const STATUS: Record<TaskStatus, Look> = {
  PENDING: { word: "Pending", icon: IconCircleDashed, color: "amber" },
  PROCESSING: { word: "Running", icon: IconPlayerPlayFilled, color: "azure" },
  DONE: { word: "Done", icon: IconCircleCheckFilled, color: "jade" },
  FAILED: { word: "Failed", icon: IconCircleXFilled, color: "rose" },
  CANCELLED: { word: "Cancelled", icon: IconCircleMinus, color: "stone" },
};

export const STATUSES: readonly TaskStatus[] = ["PENDING", "PROCESSING", "DONE", "FAILED", "CANCELLED"];

const ENDED: Record<TaskStatus, boolean> = {
  PENDING: false,
  PROCESSING: false,
  DONE: true,
  FAILED: true,
  CANCELLED: true,
};

export const isEnded = (status: TaskStatus): boolean => ENDED[status];

/** Why an action is not possible, or null when it is. */
export const WHY_NO_RETRY: Record<TaskStatus, string | null> = {
  PENDING: "It is waiting already",
  PROCESSING: "It is running",
  DONE: "It is done",
  FAILED: null,
  CANCELLED: null,
};

export const WHY_NO_CANCEL: Record<TaskStatus, string | null> = {
  PENDING: null,
  PROCESSING: null,
  DONE: "It is done",
  FAILED: "It has failed already",
  CANCELLED: "It is cancelled already",
};
