/** Sets the title of the document; undefined while it is not known. */
import { useEffect } from "react";

export function useTitle(title: string | undefined): void {
  useEffect(() => {
    if (title === undefined) return undefined;
    document.title = `${title} · TaskFlow`;
    return () => {
      document.title = "TaskFlow";
    };
  }, [title]);
}
