/** The traceback of an error: frames of the handler's own code are open, those of libraries are folded. */
import { UnstyledButton } from "@mantine/core";
import { IconChevronRight } from "@tabler/icons-react";
import { type CSSProperties, type ReactElement, useState } from "react";
import { CopyIcon } from "@/components/CopyIcon";
import { plural } from "@/lib/format";
import { type Fold, type Frame, type Part, parseTraceback, shortPath } from "@/lib/traceback";
import classes from "./Traceback.module.css";

export function Traceback({ text }: { readonly text: string }): ReactElement {
  const parts = parseTraceback(text);
  return (
    <div className={classes["traceback"]}>
      <div className={classes["copy"]}>
        <CopyIcon text={text} label="Copy the traceback" />
      </div>
      <ol className={classes["parts"]} tabIndex={0} aria-label="Traceback">
        {parts.map((part, index) => (
          <PartLine key={index} part={part} />
        ))}
      </ol>
    </div>
  );
}

/** The number of exception groups around it. */
const placeOf = ({ depth }: Part): CSSProperties => ({ "--depth": depth }) as CSSProperties;

function PartLine({ part }: { readonly part: Part }): ReactElement {
  switch (part.kind) {
    case "text":
      return (
        <li className={classes["text"]} style={placeOf(part)}>
          {part.text}
        </li>
      );
    case "frame":
      return <FrameLines frame={part} />;
    case "fold":
      return <Folded fold={part} />;
  }
}

function Folded({ fold }: { readonly fold: Fold }): ReactElement {
  const [isOpen, setOpen] = useState(false);
  return (
    <li>
      <UnstyledButton
        className={classes["fold"] ?? ""}
        style={placeOf(fold)}
        aria-expanded={isOpen}
        onClick={() => setOpen(!isOpen)}
      >
        <IconChevronRight size={13} aria-hidden data-open={isOpen || undefined} className={classes["chevron"] ?? ""} />
        {plural(fold.frames.length, "frame")} of libraries
      </UnstyledButton>
      {isOpen && (
        <ol className={classes["parts"]}>
          {fold.frames.map((frame, index) => (
            <FrameLines key={index} frame={frame} isLibrary />
          ))}
        </ol>
      )}
    </li>
  );
}

function FrameLines({ frame, isLibrary }: { readonly frame: Frame; readonly isLibrary?: boolean }): ReactElement {
  return (
    <li className={classes["frame"]} data-library={isLibrary || undefined} style={placeOf(frame)}>
      <div className={classes["where"]} title={frame.file}>
        {shortPath(frame.file)}:{frame.line}
        {frame.name !== "" && <span className={classes["name"]}> in {frame.name}</span>}
      </div>
      {frame.code !== "" && <pre className={classes["code"]}>{frame.code}</pre>}
      {frame.repeats > 0 && (
        <div className={classes["name"]}>and {plural(frame.repeats, "more time", "more times")}</div>
      )}
    </li>
  );
}
