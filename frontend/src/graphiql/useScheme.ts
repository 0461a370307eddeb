/** The colour scheme: as chosen in the dashboard, else that of the system, live. */
import { useSyncExternalStore } from "react";

export type Scheme = "light" | "dark";

const system = window.matchMedia("(prefers-color-scheme: dark)");

function subscribe(listener: () => void): () => void {
  system.addEventListener("change", listener);
  return () => system.removeEventListener("change", listener);
}

function current(): Scheme {
  const chosen = document.documentElement.getAttribute("data-chosen-scheme");
  if (chosen === "light" || chosen === "dark") return chosen;
  return system.matches ? "dark" : "light";
}

export const useScheme = (): Scheme => useSyncExternalStore(subscribe, current);
