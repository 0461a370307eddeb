/** A Python traceback in parts: its frames, own ones and a library's, and what stands between them. Pure. */

export interface Frame {
  readonly kind: "frame";
  readonly file: string;
  readonly line: number;
  readonly name: string;
  readonly code: string;
  readonly isLibrary: boolean;
}

interface Words {
  readonly kind: "text";
  readonly text: string;
}

interface Fold {
  readonly kind: "fold";
  readonly frames: readonly Frame[];
}

export type Part = Frame | Words | Fold;

const FRAME = /^ {2}File "(.+)", line (\d+)(?:, in (.+))?$/;
const LIBRARY =
  /(^|[/\\])(site-packages|dist-packages|lib[/\\]python[\d.]+)[/\\]|^<frozen |[/\\]worker[/\\](attempt|executor|registry)\.py$/;

export function parseTraceback(text: string): readonly Part[] {
  const parts: Part[] = [];
  let words: string[] = [];
  const say = (): void => {
    const joined = words.join("\n").trimEnd();
    if (joined.trim() !== "") parts.push({ kind: "text", text: joined });
    words = [];
  };
  const lines = text.trimEnd().split("\n");
  for (let at = 0; at < lines.length; at += 1) {
    const line = lines[at] ?? "";
    const match = FRAME.exec(line);
    if (!match) {
      words.push(line);
      continue;
    }
    say();
    const code: string[] = [];
    while (lines[at + 1]?.startsWith("    ")) code.push((lines[(at += 1)] ?? "").slice(4));
    const [, file = "", number = "0", name = ""] = match;
    addFrame(parts, {
      kind: "frame",
      file,
      line: Number(number),
      name,
      code: code.join("\n"),
      isLibrary: LIBRARY.test(file),
    });
  }
  say();
  return parts;
}

/** Frames of libraries that follow each other are folded into one part. */
function addFrame(parts: Part[], frame: Frame): void {
  const last = parts.at(-1);
  if (!frame.isLibrary) parts.push(frame);
  else if (last?.kind === "fold") parts[parts.length - 1] = { kind: "fold", frames: [...last.frames, frame] };
  else parts.push({ kind: "fold", frames: [frame] });
}

/** The last two folders of a path say enough; the whole is kept for a look. */
export const shortPath = (file: string): string => file.split(/[/\\]/).slice(-3).join("/");
