/** Which parts of a JSON value are unfolded, and the search in it, which unfolds its matches. */
import { useState } from "react";
import { idOf, type Line, linesOf, reveal, search, SHOWN_AT_FIRST, type View } from "@/lib/jsonTree";

const NOTHING: View = { toggled: new Map(), shown: new Map() };

export interface JsonView {
  readonly lines: readonly Line[];
  readonly words: string;
  /** The index of the match that is shown. */
  readonly at: number;
  readonly found: number;
  /** The id of the line with that match. */
  readonly current: string | undefined;
  readonly find: (words: string) => void;
  readonly step: (by: number) => void;
  readonly toggle: (line: Line, isOpen: boolean) => void;
  readonly showMore: (line: Line) => void;
}

export function useJsonView(value: unknown): JsonView {
  const [view, setView] = useState(NOTHING);
  const [words, setWords] = useState("");
  const [at, setAt] = useState(0);
  const matches = search(value, words);
  const current = matches[at] ?? matches[0];

  const find = (next: string): void => {
    setWords(next);
    setAt(0);
    const first = search(value, next)[0];
    if (first) setView(reveal(view, value, first));
  };
  const step = (by: number): void => {
    if (matches.length === 0) return;
    const next = (at + by + matches.length) % matches.length;
    setAt(next);
    const path = matches[next];
    if (path) setView(reveal(view, value, path));
  };
  return {
    lines: linesOf(value, view),
    words,
    at,
    found: matches.length,
    current: current && words !== "" ? idOf(current) : undefined,
    find,
    step,
    toggle: (line, isOpen) => setView({ ...view, toggled: new Map(view.toggled).set(line.id, isOpen) }),
    showMore: (line) => setView({ ...view, shown: withMore(view, line) }),
  };
}

function withMore({ shown }: View, line: Line): ReadonlyMap<string, number> {
  const id = line.id.replace(/\/\+$/, "");
  return new Map(shown).set(id, (shown.get(id) ?? SHOWN_AT_FIRST) + 5 * SHOWN_AT_FIRST);
}
