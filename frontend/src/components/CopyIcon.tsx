/** A button that copies a text and confirms it. Works without HTTPS too, where browsers offer no clipboard API. */
import { ActionIcon, Tooltip } from "@mantine/core";
import { IconCheck, IconCopy } from "@tabler/icons-react";
import type { ReactElement } from "react";
import { useCopy } from "@/hooks/useCopy";

interface Props {
  readonly text: string;
  /** The name of the button: "Copy the id". */
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
