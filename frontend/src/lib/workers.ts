/** What the workers come to together, and their order. Pure. */

export interface Slots {
  readonly slots: number;
  readonly running: number;
}

export const slotsOf = (workers: readonly Slots[]): Slots => ({
  slots: workers.reduce((sum, { slots }) => sum + slots, 0),
  running: workers.reduce((sum, { running }) => sum + running, 0),
});

interface Process {
  readonly host: string;
  readonly pid: number;
}

/** By host, then by process: a row keeps its place while others come and go. */
export const inOrder = <Worker extends Process>(workers: readonly Worker[]): readonly Worker[] =>
  workers.toSorted((one, other) => one.host.localeCompare(other.host) || one.pid - other.pid);
