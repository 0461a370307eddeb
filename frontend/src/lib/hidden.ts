/** Secret fields of a payload, which the API shows as asterisks: what they held is known to the handler alone. Pure. */
import { formatPath, type Path } from "./jsonTree";

const HIDDEN = "**********";

export const isHidden = (value: unknown): boolean => value === HIDDEN;

export interface Emptied {
  /** The value with an empty text in place of each secret. */
  readonly value: unknown;
  /** Where the secrets were: $.card.number. */
  readonly paths: readonly string[];
}

export function withoutHidden(value: unknown): Emptied {
  const paths: string[] = [];
  const walk = (one: unknown, path: Path): unknown => {
    if (isHidden(one)) {
      paths.push(formatPath(path));
      return "";
    }
    if (Array.isArray(one)) return one.map((item: unknown, index) => walk(item, [...path, index]));
    if (typeof one !== "object" || one === null) return one;
    return Object.fromEntries(Object.entries(one).map(([key, item]) => [key, walk(item, [...path, key])]));
  };
  return { value: walk(value, []), paths };
}

/** "The field $.card.number is hidden: it was left empty." Null when none is. */
export function sayHidden(paths: readonly string[]): string | null {
  if (paths.length === 0) return null;
  return paths.length === 1
    ? `The field ${paths[0] ?? ""} is hidden: it was left empty.`
    : `The fields ${paths.join(", ")} are hidden: they were left empty.`;
}
