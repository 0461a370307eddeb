/** A text field for JSON with numbered lines, which marks the line of a syntax error as the text is typed. */
import { Button, Input } from "@mantine/core";
import { IconAlignLeft } from "@tabler/icons-react";
import { type KeyboardEvent, type ReactElement, useId, useRef, useState } from "react";
import { formatJson, type JsonMistake, parseJson } from "@/lib/json";
import { mistakeIn } from "@/lib/newTask";
import classes from "./JsonEditor.module.css";

const ROWS_MIN = 6;
const ROWS_MAX = 22;

interface Props {
  readonly label: string;
  readonly description: string;
  readonly value: string;
  readonly onChange: (value: string) => void;
  /** The error of the form or the API; a syntax error is found here. */
  readonly error: string | undefined;
}

export function JsonEditor({ label, description, value, onChange, error }: Props): ReactElement {
  const id = useId();
  const area = useRef<HTMLTextAreaElement>(null);
  const [top, setTop] = useState(0);
  const mistake = mistakeIn(value);
  const lines = value.split("\n").length;
  const said = mistake ? `Line ${mistake.line}, column ${mistake.column}: ${mistake.message}` : error;
  const tidy = (): void => onChange(formatJson(parseJson(value)));
  return (
    <Input.Wrapper
      id={id}
      label={label}
      description={description}
      error={
        said === undefined ? undefined : (
          <button type="button" className={classes["said"]} onClick={() => goTo(area.current, value, mistake)}>
            {said}
          </button>
        )
      }
    >
      <div className={classes["editor"]} data-invalid={said !== undefined || undefined}>
        <LineNumbers count={lines} mistake={mistake} top={top} />
        <textarea
          ref={area}
          id={id}
          className={classes["area"]}
          rows={Math.min(ROWS_MAX, Math.max(ROWS_MIN, lines))}
          wrap="off"
          spellCheck={false}
          autoCapitalize="off"
          autoComplete="off"
          placeholder={'{\n  "message": "Hello"\n}'}
          aria-invalid={said !== undefined}
          aria-describedby={said === undefined ? `${id}-description` : `${id}-error ${id}-description`}
          value={value}
          onChange={(event) => onChange(event.currentTarget.value)}
          onKeyDown={keepIndent}
          onScroll={(event) => setTop(event.currentTarget.scrollTop)}
        />
        <Button
          className={classes["tidy"] ?? ""}
          size="compact-xs"
          variant="default"
          leftSection={<IconAlignLeft size={12} aria-hidden />}
          disabled={value.trim() === "" || mistake !== null}
          onClick={tidy}
        >
          Format
        </Button>
      </div>
    </Input.Wrapper>
  );
}

interface LineNumbersProps {
  readonly count: number;
  readonly mistake: JsonMistake | null;
  /** The scroll offset of the text, in pixels. */
  readonly top: number;
}

/** The line numbers, and a mark on the line with the syntax error. */
function LineNumbers({ count, mistake, top }: LineNumbersProps): ReactElement {
  return (
    <>
      <div className={classes["gutter"]} aria-hidden>
        <div style={{ transform: `translateY(${-top}px)` }}>
          {Array.from({ length: count }, (_, index) => (
            <div key={index} data-mistake={mistake?.line === index + 1 || undefined}>
              {index + 1}
            </div>
          ))}
        </div>
      </div>
      {mistake && (
        <div
          className={classes["mark"]}
          aria-hidden
          style={{ top: `calc(8px + ${mistake.line - 1} * var(--line) - ${top}px)` }}
        />
      )}
    </>
  );
}

/** Indents a new line as the one above, and one level deeper after an opening bracket. */
function keepIndent(event: KeyboardEvent<HTMLTextAreaElement>): void {
  if (event.key !== "Enter" || event.ctrlKey || event.metaKey || event.shiftKey) return;
  const { value, selectionStart } = event.currentTarget;
  const line = value.slice(value.lastIndexOf("\n", selectionStart - 1) + 1, selectionStart);
  const indent = (/^\s*/.exec(line)?.[0] ?? "") + (/[{[]\s*$/.test(line) ? "  " : "");
  if (indent === "") return;
  event.preventDefault();
  // eslint-disable-next-line @typescript-eslint/no-deprecated -- the only way that keeps undo
  document.execCommand("insertText", false, `\n${indent}`);
}

function goTo(area: HTMLTextAreaElement | null, text: string, mistake: JsonMistake | null): void {
  area?.focus();
  if (!mistake) return;
  const before = text.split("\n", mistake.line - 1).reduce((sum, line) => sum + line.length + 1, 0);
  const at = before + mistake.column - 1;
  area?.setSelectionRange(at, at + 1);
}
