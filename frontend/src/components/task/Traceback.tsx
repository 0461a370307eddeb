/** Where an error came from: the handler's own frames open, those of libraries folded. */
import { UnstyledButton } from "@mantine/core";
import { IconChevronRight } from "@tabler/icons-react";
import { type ReactElement, useState } from "react";
import { CopyIcon } from "@/components/CopyIcon";
import { plural } from "@/lib/format";
import { type Frame, type Part, parseTraceback, shortPath } from "@/lib/traceback";
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

function PartLine({ part }: { readonly part: Part }): ReactElement {
  switch (part.kind) {
    case "text":
      return <li className={classes["text"]}>{part.text}</li>;
    case "frame":
      return <FrameLines frame={part} />;
    case "fold":
      return <Folded frames={part.frames} />;
  }
}

function Folded({ frames }: { readonly frames: readonly Frame[] }): ReactElement {
  const [isOpen, setOpen] = useState(false);
  return (
    <li>
      <UnstyledButton className={classes["fold"] ?? ""} aria-expanded={isOpen} onClick={() => setOpen(!isOpen)}>
        <IconChevronRight size={13} aria-hidden data-open={isOpen || undefined} className={classes["chevron"] ?? ""} />
        {plural(frames.length, "frame")} of libraries
      </UnstyledButton>
      {isOpen && (
        <ol className={classes["parts"]}>
          {frames.map((frame, index) => (
            <FrameLines key={index} frame={frame} />
          ))}
        </ol>
      )}
    </li>
  );
}

function FrameLines({ frame }: { readonly frame: Frame }): ReactElement {
  return (
    <li className={classes["frame"]} data-library={frame.isLibrary || undefined}>
      <div className={classes["where"]} title={frame.file}>
        {shortPath(frame.file)}:{frame.line}
        {frame.name !== "" && <span className={classes["name"]}> in {frame.name}</span>}
      </div>
      {frame.code !== "" && <pre className={classes["code"]}>{frame.code}</pre>}
    </li>
  );
}
