/** Copies a text; `copied` is true for a moment afterwards. */
import { useEffect, useState } from "react";
import { copyText } from "@/lib/clipboard";

const SHOWN_MS = 1_500;

interface Copy {
  readonly copied: boolean;
  readonly copy: (text: string) => Promise<void>;
}

export function useCopy(): Copy {
  const [copied, setCopied] = useState(false);
  useEffect(() => {
    if (!copied) return;
    const timer = setTimeout(() => setCopied(false), SHOWN_MS);
    return () => clearTimeout(timer);
  }, [copied]);
  return { copied, copy: async (text) => setCopied(await copyText(text)) };
}
