/** Keyboard shortcuts of a page: single keys, and sequences of two as "g t". Ignored while the reader types. */
import { useEffect, useEffectEvent } from "react";

const SEQUENCE_MS = 900;

export type Keys = Readonly<Record<string, () => void>>;

const TYPES = "input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable=true]";
const PRESSES = "a, button, input, [role=tab], [role=option]";

/** Whether the focused element handles the key itself. */
export function isTaken(key: string, target: EventTarget | null): boolean {
  if (!(target instanceof Element)) return false;
  if (target.closest(TYPES) || target.closest("[role=dialog], [role=menu], [role=listbox]")) return true;
  return (key === "Enter" || key === " ") && target.closest(PRESSES) !== null;
}

export function useKeys(keys: Keys): void {
  const press = useEffectEvent((key: string, event: KeyboardEvent): boolean => {
    const action = keys[key];
    if (!action) return false;
    event.preventDefault();
    action();
    return true;
  });
  useEffect(() => {
    let first = { key: "", at: 0 };
    const onKeyDown = (event: KeyboardEvent): void => {
      if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
      if (isTaken(event.key, event.target)) return;
      const isSecond = event.timeStamp - first.at < SEQUENCE_MS;
      const sequence = `${first.key} ${event.key}`;
      first = { key: event.key, at: event.timeStamp };
      if (!(isSecond && press(sequence, event))) press(event.key, event);
    };
    window.addEventListener("keydown", onKeyDown);
    return () => window.removeEventListener("keydown", onKeyDown);
  }, []);
}
