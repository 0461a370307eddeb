/** Copies a text, and says that it did. Works without HTTPS, where browsers have no clipboard for pages. */
import { ActionIcon, Tooltip } from "@mantine/core";
import { IconCheck, IconCopy } from "@tabler/icons-react";
import type { ReactElement } from "react";
import { useCopy } from "@/hooks/useCopy";

interface Props {
  readonly text: string;
  /** What it does: "Copy the id". */
  readonly label: string;
}

export function CopyIcon({ text, label }: Props): ReactElement {
  const { copied, copy } = useCopy();
  return (
    <Tooltip label={copied ? "Copied" : label}>
      <ActionIcon size="sm" variant="subtle" color="gray" aria-label={label} onClick={() => void copy(text)}>
        {copied ? <IconCheck size={14} aria-hidden /> : <IconCopy size={14} aria-hidden />}
      </ActionIcon>
    </Tooltip>
  );
}
