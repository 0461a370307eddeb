/** Says that a file of GraphiQL could not be loaded, which it would keep to itself: its editor, or what formats a query. */
import { type ReactElement, useSyncExternalStore } from "react";
import { WHY_NOT_LOADED } from "@/lib/notLoaded";

let isMissing = false;
const listeners = new Set<() => void>();

/** Vite's event for an import that failed. */
window.addEventListener("vite:preloadError", () => {
  isMissing = true;
  for (const listener of listeners) listener();
});

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function NotLoadedNotice(): ReactElement | null {
  if (!useSyncExternalStore(subscribe, () => isMissing)) return null;
  return (
    <div role="alert" className="taskflow-notice">
      A part of GraphiQL could not be loaded. {WHY_NOT_LOADED}
      <button type="button" onClick={() => window.location.reload()}>
        Reload
      </button>
    </div>
  );
}
