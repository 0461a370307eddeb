/** A Python traceback in parts: its frames, own ones and folded ones of libraries, and the lines between them. Pure. */

export interface Frame {
  readonly kind: "frame";
  readonly file: string;
  readonly line: number;
  readonly name: string;
  readonly code: string;
  /** How often Python left out the same frame again. */
  readonly repeats: number;
  readonly depth: number;
}

interface Words {
  readonly kind: "text";
  readonly text: string;
  readonly depth: number;
}

export interface Fold {
  readonly kind: "fold";
  readonly frames: readonly Frame[];
  readonly depth: number;
}

export type Part = Frame | Words | Fold;

interface Line {
  readonly text: string;
  /** The number of exception groups around it. */
  readonly depth: number;
}

const FRAME = /^ {2}File "(.+)", line (\d+)(?:, in (.+))?$/;
const CODE = /^ {4}/;
const REPEATED = /^ {2}\[Previous line repeated (\d+) more times?\]$/;

export function parseTraceback(text: string): readonly Part[] {
  const parts = readParts(readLines(text.trimEnd()));
  const isLibrary = librariesOf(parts.filter((part) => part.kind === "frame"));
  return parts.reduce<Part[]>((folded, part) => {
    if (part.kind !== "frame" || !isLibrary(part.file)) return [...folded, part];
    const last = folded.at(-1);
    if (last?.kind !== "fold" || last.depth !== part.depth) {
      return [...folded, { kind: "fold", frames: [part], depth: part.depth }];
    }
    return [...folded.slice(0, -1), { ...last, frames: [...last.frames, part] }];
  }, []);
}

const MEMBER = /^( +)\+(-\+)?-{16} (\S+) -{16}$/;
const IS_GROUP = new RegExp(MEMBER, "m");
const GROUP_END = /^ +\+-{36}$/;
const MARGIN = /^( +)[|+] ?/;

/** Takes away the margin that Python draws around exception groups. */
function readLines(text: string): readonly Line[] {
  const lines = text.split("\n");
  if (!IS_GROUP.test(text)) return lines.map((line) => ({ text: line, depth: 0 }));
  return lines
    .filter((line) => !GROUP_END.test(line))
    .map((line) => {
      const [, indent = "", deeper, number] = MEMBER.exec(line) ?? [];
      if (number !== undefined) return { text: `── ${number} ──`, depth: indent.length / 2 + (deeper ? 1 : 0) };
      const [margin = "", space = ""] = MARGIN.exec(line) ?? [];
      return { text: line.slice(margin.length), depth: space.length / 2 };
    });
}

function readParts(lines: readonly Line[]): readonly (Frame | Words)[] {
  const parts: (Frame | Words)[] = [];
  for (const { text, depth } of lines) {
    const last = parts.at(-1);
    const same = last?.depth === depth ? last : undefined;
    const [, file, line, name = ""] = FRAME.exec(text) ?? [];
    const repeats = REPEATED.exec(text)?.[1];
    if (file !== undefined) {
      parts.push({ kind: "frame", file, line: Number(line), name, code: "", repeats: 0, depth });
    } else if (same?.kind === "frame" && CODE.test(text)) {
      parts[parts.length - 1] = { ...same, code: same.code === "" ? text.slice(4) : `${same.code}\n${text.slice(4)}` };
    } else if (same?.kind === "frame" && repeats !== undefined) {
      parts[parts.length - 1] = { ...same, repeats: Number(repeats) };
    } else if (same?.kind === "text") {
      parts[parts.length - 1] = { ...same, text: `${same.text}\n${text}` };
    } else {
      parts.push({ kind: "text", text, depth });
    }
  }
  return parts
    .map((part) => (part.kind === "text" ? { ...part, text: part.text.trimEnd() } : part))
    .filter((part) => part.kind === "frame" || part.text.trim() !== "");
}

const INSTALLED = /^.*[/\\](?:site|dist)-packages[/\\][^/\\]+(?:[/\\]|$)/;
const STANDARD = /[/\\]lib[/\\](?:python|pypy)[\d.]+t?[/\\]|\\Lib\\|^<frozen /;
const TASKFLOW = /^(.*[/\\]worker[/\\])attempt\.py$/;
const SHIPPED_HANDLERS = /[/\\](?:handlers|examples)\.py$/;

/** Whether a frame is of an installed package, of Python or of TaskFlow. The package of the handler never is. */
function librariesOf(frames: readonly Frame[]): (file: string) => boolean {
  const files = frames.map(({ file }) => file);
  const folder = files.map((file) => TASKFLOW.exec(file)?.[1]).find((one) => one !== undefined);
  const isTaskFlow = (file: string | undefined): boolean =>
    folder !== undefined && file?.startsWith(folder) === true && !SHIPPED_HANDLERS.test(file);
  const isForeign = (file: string): boolean => INSTALLED.test(file) || STANDARD.test(file) || isTaskFlow(file);
  if (files.some((file) => !file.startsWith("<") && !isForeign(file))) return isForeign;
  const handler = files.find((file, at) => INSTALLED.test(file) && !isTaskFlow(file) && isTaskFlow(files[at - 1]));
  const home = INSTALLED.exec(handler ?? "")?.[0];
  return (file) => isTaskFlow(file) || (isForeign(file) && !(home !== undefined && file.startsWith(home)));
}

const ROOT = /^.*[/\\](?:(?:site|dist)-packages|lib[/\\](?:python|pypy)[\d.]+t?)[/\\]/;

/** The path from the package on, or its last two folders; the tooltip has all of it. */
export const shortPath = (file: string): string => file.replace(ROOT, "").split(/[/\\]/).slice(-3).join("/");
