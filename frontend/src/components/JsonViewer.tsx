/** A JSON value as a tree to fold, search and take parts from; what is large is cut, and whole in a download. */
import { ActionIcon, Button, Group, TextInput, Tooltip, UnstyledButton } from "@mantine/core";
import {
  IconChevronDown,
  IconChevronRight,
  IconChevronUp,
  IconDownload,
  IconRoute,
  IconSearch,
} from "@tabler/icons-react";
import { type CSSProperties, type KeyboardEvent, type ReactElement, useEffect, useRef, useState } from "react";
import { useCopy } from "@/hooks/useCopy";
import { download } from "@/lib/clipboard";
import { formatCount } from "@/lib/format";
import { formatJson } from "@/lib/json";
import { formatPath, idOf, type Line, linesOf, reveal, search, SHOWN_AT_FIRST, type View } from "@/lib/jsonTree";
import { CopyIcon } from "./CopyIcon";
import classes from "./JsonViewer.module.css";
import { Panel } from "./Panel";

const TEXT_SHOWN = 400;
const SEARCHABLE_FROM = 6;
const NOTHING: View = { toggled: new Map(), shown: new Map() };

interface Props {
  readonly title: string;
  readonly value: unknown;
  /** What a download of it is called. */
  readonly fileName: string;
}

export function JsonViewer({ title, value, fileName }: Props): ReactElement {
  const [view, setView] = useState(NOTHING);
  const [words, setWords] = useState("");
  const [at, setAt] = useState(0);
  const matches = search(value, words);
  const current = matches[at] ?? matches[0];
  const lines = linesOf(value, view);
  const text = formatJson(value);

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
        <Search title={title} words={words} at={at} found={matches.length} onFind={find} onStep={step} />
      )}
      <div className={classes["tree"]} tabIndex={0} role="region" aria-label={`${title}, as a tree`}>
        {lines.map((line) => (
          <TreeLine
            key={line.id}
            line={line}
            isCurrent={current !== undefined && words !== "" && idOf(current) === line.id}
            onToggle={(isOpen) => setView({ ...view, toggled: new Map(view.toggled).set(line.id, isOpen) })}
            onMore={() => setView({ ...view, shown: showMore(view, line) })}
          />
        ))}
      </div>
    </Panel>
  );
}

function showMore({ shown }: View, line: Line): ReadonlyMap<string, number> {
  const id = line.id.replace(/\/\+$/, "");
  return new Map(shown).set(id, (shown.get(id) ?? SHOWN_AT_FIRST) + 5 * SHOWN_AT_FIRST);
}

interface SearchProps {
  readonly title: string;
  readonly words: string;
  readonly at: number;
  readonly found: number;
  readonly onFind: (words: string) => void;
  readonly onStep: (by: number) => void;
}

function Search({ title, words, at, found, onFind, onStep }: SearchProps): ReactElement {
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.key === "Enter") onStep(event.shiftKey ? -1 : 1);
    if (event.key === "Escape") onFind("");
  };
  return (
    <div className={classes["search"]}>
      <TextInput
        size="xs"
        variant="unstyled"
        flex={1}
        placeholder="Search names and values"
        aria-label={`Search the ${title.toLowerCase()}`}
        leftSection={<IconSearch size={13} aria-hidden />}
        value={words}
        onChange={(event) => onFind(event.currentTarget.value)}
        onKeyDown={onKeyDown}
      />
      <span role="status" className={classes["found"]}>
        {words !== "" && (found === 0 ? "Nothing found" : `${at + 1} of ${found >= 500 ? "500+" : found}`)}
      </span>
      {found > 1 && (
        <>
          <ActionIcon size="sm" variant="subtle" color="gray" aria-label="The one before" onClick={() => onStep(-1)}>
            <IconChevronUp size={14} aria-hidden />
          </ActionIcon>
          <ActionIcon size="sm" variant="subtle" color="gray" aria-label="The next one" onClick={() => onStep(1)}>
            <IconChevronDown size={14} aria-hidden />
          </ActionIcon>
        </>
      )}
    </div>
  );
}

interface LineProps {
  readonly line: Line;
  readonly isCurrent: boolean;
  readonly onToggle: (isOpen: boolean) => void;
  readonly onMore: () => void;
}

function TreeLine({ line, isCurrent, onToggle, onMore }: LineProps): ReactElement {
  const { content, name, depth, path } = line;
  const row = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (isCurrent) row.current?.scrollIntoView({ block: "nearest" });
  }, [isCurrent]);
  return (
    <div
      ref={row}
      className={classes["line"]}
      data-current={isCurrent || undefined}
      style={{ "--depth": depth } as CSSProperties}
    >
      {content.kind === "more" ? (
        <Button variant="subtle" color="gray" size="compact-xs" onClick={onMore}>
          {formatCount(content.hidden)} more
        </Button>
      ) : (
        <>
          {content.kind === "branch" ? (
            <Branch name={name} content={content} onToggle={onToggle} />
          ) : (
            <>
              <span className={classes["spacer"]} />
              <Name name={name} />
              <Value type={content.type} text={content.text} />
            </>
          )}
          {path.length > 0 && <CopyPath path={formatPath(path)} />}
        </>
      )}
    </div>
  );
}

function Name({ name }: { readonly name: Line["name"] }): ReactElement | null {
  if (name === null) return null;
  return (
    <span className={classes["name"]} data-index={typeof name === "number" || undefined}>
      {name}:{" "}
    </span>
  );
}

interface BranchProps {
  readonly name: Line["name"];
  readonly content: Extract<Line["content"], { readonly kind: "branch" }>;
  readonly onToggle: (isOpen: boolean) => void;
}

function Branch({ name, content, onToggle }: BranchProps): ReactElement {
  const { opening, size, isOpen } = content;
  const noun = opening === "[" ? "item" : "field";
  return (
    <UnstyledButton
      className={classes["branch"] ?? ""}
      aria-expanded={isOpen}
      disabled={size === 0}
      onClick={() => onToggle(!isOpen)}
    >
      <IconChevronRight
        size={13}
        aria-hidden
        className={classes["chevron"] ?? ""}
        data-open={isOpen || undefined}
        data-empty={size === 0 || undefined}
      />
      <Name name={name} />
      <span className={classes["brace"]}>
        {opening === "[" ? "[ ]" : "{ }"} {formatCount(size)} {size === 1 ? noun : `${noun}s`}
      </span>
    </UnstyledButton>
  );
}

function Value({ type, text }: { readonly type: string; readonly text: string }): ReactElement {
  const [isWhole, setWhole] = useState(false);
  const isLong = text.length > TEXT_SHOWN;
  const shown = isLong && !isWhole ? text.slice(0, TEXT_SHOWN) : text;
  return (
    <span className={classes["value"]} data-type={type}>
      {type === "string" ? `"${shown}${isLong && !isWhole ? "…" : ""}"` : shown}
      {isLong && (
        <UnstyledButton className={classes["whole"] ?? ""} onClick={() => setWhole(!isWhole)}>
          {isWhole ? "less" : `all ${formatCount(text.length)} characters`}
        </UnstyledButton>
      )}
    </span>
  );
}

function CopyPath({ path }: { readonly path: string }): ReactElement {
  const { copied, copy } = useCopy();
  return (
    <button
      type="button"
      className={classes["path"]}
      title={copied ? "Copied" : `Copy the path ${path}`}
      aria-label={`Copy the path ${path}`}
      data-copied={copied || undefined}
      onClick={() => void copy(path)}
    >
      <IconRoute size={13} aria-hidden /> {copied ? "copied" : "path"}
    </button>
  );
}
