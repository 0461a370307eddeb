/** The order of kinds in the rankings. Pure. */

export interface KindFigures {
  readonly kind: string;
  readonly done: number;
  readonly failed: number;
  readonly cancelled: number;
  readonly p50Ms: number | null;
  readonly p95Ms: number | null;
}

const SHOWN = 8;

export const failureRate = ({ done, failed }: KindFigures): number => (failed === 0 ? 0 : failed / (done + failed));

export const slowest = (kinds: readonly KindFigures[]): readonly KindFigures[] =>
  kinds
    .filter(({ p95Ms }) => p95Ms !== null)
    .toSorted((one, other) => (other.p95Ms ?? 0) - (one.p95Ms ?? 0))
    .slice(0, SHOWN);

/** Orders by the number of failures, not their rate: one failure of one matters less than a thousand of two thousand. */
export const mostFailing = (kinds: readonly KindFigures[]): readonly KindFigures[] =>
  kinds
    .filter(({ failed }) => failed > 0)
    .toSorted((one, other) => other.failed - one.failed || failureRate(other) - failureRate(one))
    .slice(0, SHOWN);
