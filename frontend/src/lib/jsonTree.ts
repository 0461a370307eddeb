/** A JSON value as the lines of a tree: which are unfolded, which are cut, which match a search. Pure. */
import { digitsOf, isExactNumber } from "./json";

/** Names and indexes from the top. */
export type Path = readonly (string | number)[];

export type Leaf = "string" | "number" | "boolean" | "null";

export interface Line {
  /** Unique in the tree. */
  readonly id: string;
  readonly path: Path;
  readonly depth: number;
  /** The name or the index; null at the top. */
  readonly name: string | number | null;
  readonly content:
    | { readonly kind: "leaf"; readonly type: Leaf; readonly text: string }
    | { readonly kind: "branch"; readonly opening: "{" | "["; readonly size: number; readonly isOpen: boolean }
    | { readonly kind: "more"; readonly hidden: number };
}

export const SHOWN_AT_FIRST = 100;
const OPEN_TO_DEPTH = 2;
const MATCHES_MAX = 500;

/** $.items[3].name, as most tools take it. */
export function formatPath(path: Path): string {
  const steps = path.map((step) => {
    if (typeof step === "number") return `[${step}]`;
    return /^[A-Za-z_$][\w$]*$/.test(step) ? `.${step}` : `[${JSON.stringify(step)}]`;
  });
  return `$${steps.join("")}`;
}

export const idOf = (path: Path): string => path.map((step) => JSON.stringify(step)).join("/");

const isBranch = (value: unknown): value is object => typeof value === "object" && value !== null;

function childrenOf(value: object): readonly (readonly [string | number, unknown])[] {
  return Array.isArray(value) ? value.map((one: unknown, index) => [index, one] as const) : Object.entries(value);
}

export function leafOf(value: unknown): { readonly type: Leaf; readonly text: string } {
  if (value === null) return { type: "null", text: "null" };
  if (isExactNumber(value)) return { type: "number", text: digitsOf(value) };
  if (typeof value === "string") return { type: "string", text: value };
  if (typeof value === "boolean") return { type: "boolean", text: String(value) };
  return { type: "number", text: JSON.stringify(value) };
}

export interface View {
  /** The branches that the reader opened or closed; by default the first levels are open. */
  readonly toggled: ReadonlyMap<string, boolean>;
  /** The number of children that are shown, where it is more than the default. */
  readonly shown: ReadonlyMap<string, number>;
}

export function linesOf(value: unknown, view: View): readonly Line[] {
  const lines: Line[] = [];
  const walk = (one: unknown, path: Path, name: Line["name"]): void => {
    const id = idOf(path);
    const depth = path.length;
    if (!isBranch(one)) {
      lines.push({ id, path, depth, name, content: { kind: "leaf", ...leafOf(one) } });
      return;
    }
    const children = childrenOf(one);
    const isOpen = view.toggled.get(id) ?? (depth < OPEN_TO_DEPTH && children.length > 0);
    const opening = Array.isArray(one) ? "[" : "{";
    lines.push({ id, path, depth, name, content: { kind: "branch", opening, size: children.length, isOpen } });
    if (!isOpen) return;
    const shown = view.shown.get(id) ?? SHOWN_AT_FIRST;
    for (const [key, child] of children.slice(0, shown)) walk(child, [...path, key], key);
    if (children.length > shown) {
      const content = { kind: "more", hidden: children.length - shown } as const;
      lines.push({ id: `${id}/+`, path, depth: depth + 1, name: null, content });
    }
  };
  walk(value, [], null);
  return lines;
}

/** Where the words occur, in a name or in a value, in the tree's order; at most MATCHES_MAX. */
export function search(value: unknown, words: string): readonly Path[] {
  const wanted = words.trim().toLowerCase();
  const found: Path[] = [];
  if (wanted === "") return found;
  const walk = (one: unknown, path: Path): void => {
    if (found.length >= MATCHES_MAX) return;
    const name = path.at(-1);
    const isHit =
      (typeof name === "string" && name.toLowerCase().includes(wanted)) ||
      (!isBranch(one) && leafOf(one).text.toLowerCase().includes(wanted));
    if (isHit) found.push(path);
    if (isBranch(one)) for (const [key, child] of childrenOf(one)) walk(child, [...path, key]);
  };
  walk(value, []);
  return found;
}

/** The view in which every branch on the path is open and shown. */
export function reveal(view: View, value: unknown, path: Path): View {
  const toggled = new Map(view.toggled);
  const shown = new Map(view.shown);
  let at = value;
  path.forEach((step, depth) => {
    if (!isBranch(at)) return;
    const id = idOf(path.slice(0, depth));
    const children = childrenOf(at);
    const index = children.findIndex(([key]) => key === step);
    toggled.set(id, true);
    if (index >= (shown.get(id) ?? SHOWN_AT_FIRST)) shown.set(id, index + SHOWN_AT_FIRST);
    at = children[index]?.[1];
  });
  return { toggled, shown };
}
