/** A component that has a file of its own, loaded when it is asked for; one that could not be loaded is asked for again. */
import { type ComponentType, useState } from "react";

interface Loaded<Props> {
  /** Null until its file has come. */
  readonly Component: ComponentType<Props> | null;
  /** Whether it is there now. */
  readonly load: () => Promise<boolean>;
}

export function useLoaded<Props>(fetch: () => Promise<ComponentType<Props>>): Loaded<Props> {
  const [Component, setComponent] = useState<ComponentType<Props> | null>(null);
  const load = async (): Promise<boolean> => {
    try {
      const loaded = await fetch();
      setComponent(() => loaded);
      return true;
    } catch {
      return false;
    }
  };
  return { Component, load };
}
