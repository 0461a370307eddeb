/** One line of a JSON value's tree: a branch to fold, a value, or how many more there are. */
import { Button, UnstyledButton } from "@mantine/core";
import { IconChevronRight, IconEyeOff, IconRoute } from "@tabler/icons-react";
import { type CSSProperties, type ReactElement, useEffect, useRef, useState } from "react";
import { useCopy } from "@/hooks/useCopy";
import { formatCount } from "@/lib/format";
import { isHidden } from "@/lib/hidden";
import { formatPath, type Line } from "@/lib/jsonTree";
import classes from "./JsonViewer.module.css";

const TEXT_SHOWN = 400;

interface Props {
  readonly line: Line;
  readonly isCurrent: boolean;
  readonly onToggle: (isOpen: boolean) => void;
  readonly onMore: () => void;
}

export function JsonLine({ line, isCurrent, onToggle, onMore }: Props): ReactElement {
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
  if (isHidden(text)) return <HiddenValue />;
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

function HiddenValue(): ReactElement {
  return (
    <span className={classes["hidden"]} title="A secret: only its handler gets to read it">
      <IconEyeOff size={13} aria-hidden /> hidden
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
