import { expect, test } from "vitest";
import { parseTraceback, shortPath } from "./traceback";

const TEXT = `Traceback (most recent call last):
  File "/app/shop/tasks.py", line 12, in charge
    bank.charge(
    ^^^^^^^^^^^^
  File "/venv/lib/python3.14/site-packages/httpx/_client.py", line 900, in send
    raise
  File "/venv/lib/python3.14/site-packages/httpx/_api.py", line 7, in post
    return send()
  File "/app/shop/bank.py", line 3, in charge
    raise Refused("no")
shop.bank.Refused: no

The above exception was the direct cause of the following exception:

Traceback (most recent call last):
  File "<frozen runpy>", line 88, in _run_code
RuntimeError: two
lines
`;

test("own frames stand alone, those of libraries that follow each other are folded", () => {
  const parts = parseTraceback(TEXT);
  expect(parts.map(({ kind }) => kind)).toEqual(["text", "frame", "fold", "frame", "text", "fold", "text"]);
  expect(parts[1]).toMatchObject({ line: 12, name: "charge", code: "bank.charge(\n^^^^^^^^^^^^", isLibrary: false });
  expect(parts[2]).toMatchObject({ frames: [{ line: 900 }, { line: 7 }] });
  expect(parts.at(-1)).toEqual({ kind: "text", text: "RuntimeError: two\nlines" });
});

test("what is no traceback is kept as it is", () => {
  expect(parseTraceback("killed")).toEqual([{ kind: "text", text: "killed" }]);
  expect(parseTraceback("")).toEqual([]);
});

test("a path is shown by its end", () => {
  expect(shortPath("/venv/lib/python3.14/site-packages/httpx/_client.py")).toBe("site-packages/httpx/_client.py");
});
