/** A JSON value as a tree to fold, search and copy from. A large value is cut; the download has all of it. */
import { ActionIcon, Group, Tooltip } from "@mantine/core";
import { IconDownload } from "@tabler/icons-react";
import type { ReactElement } from "react";
import { CopyIcon } from "@/components/CopyIcon";
import { Panel } from "@/components/Panel";
import { useJsonView } from "@/hooks/useJsonView";
import { download } from "@/lib/clipboard";
import { formatJson } from "@/lib/json";
import { JsonLine } from "./JsonLine";
import { JsonSearch } from "./JsonSearch";
import classes from "./JsonViewer.module.css";

const SEARCHABLE_FROM = 6;

interface Props {
  readonly title: string;
  readonly value: unknown;
  /** The file name of a download. */
  readonly fileName: string;
}

export function JsonViewer({ title, value, fileName }: Props): ReactElement {
  const view = useJsonView(value);
  const text = formatJson(value);
  return (
    <Panel
      title={title}
      isFlush
      aside={
        <Group gap={4} wrap="nowrap">
          <CopyIcon text={text} label={`Copy the ${title.toLowerCase()}`} />
          <Tooltip label="Download">
            <ActionIcon
              size="sm"
              variant="subtle"
              color="gray"
              aria-label={`Download the ${title.toLowerCase()}`}
              onClick={() => download(fileName, text)}
            >
              <IconDownload size={14} aria-hidden />
            </ActionIcon>
          </Tooltip>
        </Group>
      }
    >
      {text.split("\n", SEARCHABLE_FROM).length >= SEARCHABLE_FROM && (
        <JsonSearch
          title={title}
          words={view.words}
          at={view.at}
          found={view.found}
          onFind={view.find}
          onStep={view.step}
        />
      )}
      <div className={classes["tree"]} tabIndex={0} role="region" aria-label={`${title}, as a tree`}>
        {view.lines.map((line) => (
          <JsonLine
            key={line.id}
            line={line}
            isCurrent={line.id === view.current}
            onToggle={(isOpen) => view.toggle(line, isOpen)}
            onMore={() => view.showMore(line)}
          />
        ))}
      </div>
    </Panel>
  );
}
