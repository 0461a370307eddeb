import { expect, test } from "vitest";
import { TRACEBACKS } from "@/testing/tracebacks";
import { type Frame, parseTraceback, type Part, shortPath } from "./traceback";

const of = (name: string): readonly Part[] => parseTraceback(TRACEBACKS.get(name) ?? "");

/** Own frames in order, and how many are folded at which place. */
const outline = (parts: readonly Part[]): readonly string[] =>
  parts.flatMap((part) => {
    if (part.kind === "fold") return [`${part.frames.length} folded`];
    return part.kind === "frame" ? [`${shortPath(part.file)}:${part.line}`] : [];
  });

const framesOf = (part: Part): readonly Frame[] =>
  part.kind === "fold" ? part.frames : part.kind === "frame" ? [part] : [];

/** Every line as Python wrote it, but for margins and rulers of groups. */
const written = (part: Part): readonly string[] => {
  if (part.kind === "text") return part.text.split("\n");
  return framesOf(part).flatMap(({ file, line, name, code, repeats }) => [
    `File "${file}", line ${line}${name === "" ? "" : `, in ${name}`}`,
    ...(code === "" ? [] : code.split("\n")),
    ...(repeats > 0 ? [`[Previous line repeated ${repeats} more times]`] : []),
  ]);
};
const bare = (line: string): string => line.replace(/^ +[|+] ?/, "").trim();
const isRuler = (line: string): boolean => /^ *\+(-\+)?-{16}|^── /.test(line);

test.each([...TRACEBACKS])("nothing of a traceback is lost: %s", (_, text) => {
  const shown = parseTraceback(text)
    .flatMap(written)
    .filter((line) => !isRuler(line));
  const lines = text.split("\n").filter((line) => !isRuler(line));
  expect(shown.map((line) => line.trim()).filter(Boolean)).toEqual(lines.map(bare).filter(Boolean));
});

test("own frames are open, in each of the causes; TaskFlow's are folded", () => {
  expect(outline(of("cause"))).toEqual([
    "app/shop/tasks.py:17",
    "app/shop/bank.py:7",
    "2 folded",
    "app/shop/tasks.py:21",
  ]);
  expect(of("cause")[1]).toMatchObject({ line: 17, name: "cause", code: "charge(" });
  expect(of("cause").at(-1)).toMatchObject({ text: "RuntimeError: could not\ncharge the card" });
  expect(outline(of("timeout"))).toEqual(["1 folded", "app/shop/tasks.py:88", "1 folded", "2 folded", "2 folded"]);
  expect(outline(of("pool"))).toEqual([
    "1 folded",
    "app/shop/bank.py:7",
    "6 folded",
    "app/shop/tasks.py:94",
    "2 folded",
  ]);
  expect(outline(of("context"))).toEqual(["6 folded", "app/shop/tasks.py:113", "1 folded"]);
});

test("the members of an exception group are indented, without Python's margins", () => {
  const parts = of("group");
  expect(outline(parts)).toEqual([
    "2 folded",
    "app/shop/tasks.py:44",
    "1 folded",
    "app/shop/tasks.py:39",
    "app/shop/tasks.py:39",
    "app/shop/tasks.py:36",
    "3 folded",
    "app/shop/tasks.py:38",
  ]);
  expect(parts[0]).toEqual({ kind: "text", text: "Exception Group Traceback (most recent call last):", depth: 1 });
  expect(parts).toContainEqual({
    kind: "text",
    text: "── 1 ──\nTraceback (most recent call last):",
    depth: 2,
  });
  expect(of("nested").at(-1)).toEqual({ kind: "text", text: "── 1 ──\nTypeError: b\n── 2 ──\nOSError: c", depth: 3 });
});

test("what has no source, no function or the same frame again is a frame all the same", () => {
  expect(outline(of("nosource"))).toEqual(["6 folded", "app/shop/tasks.py:77", "<generated>:3", "<generated>:2"]);
  expect(outline(of("syntax"))).toEqual(["6 folded", "app/shop/tasks.py:58", "9 folded", "app/shop/bad.py:1"]);
  expect(of("syntax").at(-2)).toMatchObject({ name: "", code: "def f(:\n      ^" });
  expect(of("recursion").at(-2)).toMatchObject({ file: "/app/shop/bank.py", repeats: 990 });
});

test("a handler that is installed among libraries is open, with its package; so is one that TaskFlow ships", () => {
  expect(outline(of("installed"))).toEqual([
    "11 folded",
    "installedshop/__init__.py:9",
    "9 folded",
    "2 folded",
    "installedshop/__init__.py:11",
    "installedshop/bank.py:7",
  ]);
  expect(outline(of("shipped"))).toEqual(["2 folded", "taskflow/worker/examples.py:74"]);
  const installed = (TRACEBACKS.get("shipped") ?? "").replaceAll(
    "/srv/taskflow/",
    "/venv/lib/python3.11/site-packages/",
  );
  expect(outline(parseTraceback(installed))).toEqual(["2 folded", "worker/examples.py:74"]);
});

test("what is no traceback is kept as it is", () => {
  expect(parseTraceback("killed")).toEqual([{ kind: "text", text: "killed", depth: 0 }]);
  expect(parseTraceback("")).toEqual([]);
  const table = "ValueError: a table\n  +---+---+\n  | a | b |\n  +---+---+";
  expect(parseTraceback(table)).toEqual([{ kind: "text", text: table, depth: 0 }]);
});

test.each([
  ["/venv/lib/python3.14/site-packages/httpx/_client.py", "httpx/_client.py"],
  ["/usr/lib/python3.14t/asyncio/tasks.py", "asyncio/tasks.py"],
  ["C:\\shop\\jobs\\tasks.py", "shop/jobs/tasks.py"],
  ["<frozen runpy>", "<frozen runpy>"],
])("the path %s is shown as %s", (path, short) => expect(shortPath(path)).toBe(short));
