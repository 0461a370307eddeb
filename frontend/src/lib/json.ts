/** JSON without loss: a number that JSON.stringify would change keeps its digits; a syntax error has line and column. Pure. */

/** The prefix of the digits of such a number; no text that people write contains it. */
const MARK = "\uE0BD";
const MAYBE_LOSSY = /\d{16}|-0/;
const NEGATIVE_ZERO = /^-0(?:\.0+)?(?:[eE][+-]?\d+)?$/;
const STRING_OR_NUMBER = /"[^"\\]*(?:\\.[^"\\]*)*"|-?\d[\d.eE+-]*/g;
const isLossy = (token: string): boolean =>
  NEGATIVE_ZERO.test(token) || (/^-?\d{16,}$/.test(token) && !Number.isSafeInteger(Number(token)));

export class JsonMistake extends Error {
  constructor(
    message: string,
    /** Both from 1. */
    readonly line: number,
    readonly column: number,
  ) {
    super(message);
  }
}

export const isExactNumber = (value: unknown): value is string => typeof value === "string" && value.startsWith(MARK);

/** The digits of a number that was kept as a text. */
export const digitsOf = (value: string): string => value.slice(MARK.length);

/** The same JSON, in which JSON.parse loses no digit. */
export function protectNumbers(json: string): string {
  if (!MAYBE_LOSSY.test(json)) return json;
  return json.replace(STRING_OR_NUMBER, (token) => (isLossy(token) ? `"${MARK}${token}"` : token));
}

/** A fetch whose answers keep their numbers. */
export async function fetchExactly(input: RequestInfo | URL, init?: RequestInit): Promise<Response> {
  const response = await fetch(input, init);
  const { status, statusText, headers } = response;
  return new Response(protectNumbers(await response.text()), { status, statusText, headers });
}

const raw = (JSON as { rawJSON?: (text: string) => unknown }).rawJSON;

/** The value in the form from which JSON.stringify writes every digit. */
export function toWire(value: unknown): unknown {
  if (isExactNumber(value)) return raw ? raw(digitsOf(value)) : Number(digitsOf(value));
  if (Array.isArray(value)) return value.map(toWire);
  if (typeof value === "object" && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, toWire(one)]));
  }
  return value;
}

export const formatJson = (value: unknown, indent: string | number = 2): string =>
  JSON.stringify(toWire(value), null, indent);

/** Raises JsonMistake. */
export function parseJson(text: string): unknown {
  const found = firstMistake(text);
  if (found) throw found;
  return JSON.parse(protectNumbers(text));
}

const TOKEN =
  // eslint-disable-next-line no-control-regex -- JSON forbids just these in a text
  /[\s]*(?:([{}[\],:])|("[^"\\\u0000-\u001f]*(?:\\(?:["\\/bfnrt]|u[\da-fA-F]{4})[^"\\\u0000-\u001f]*)*")|(-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?(?![\w.])|true\b|false\b|null\b)|$)/y;

interface Reader {
  readonly text: string;
  at: number;
}

interface Token {
  readonly kind: "mark" | "string" | "value" | "end";
  readonly text: string;
  readonly at: number;
}

function next(reader: Reader): Token {
  TOKEN.lastIndex = reader.at;
  const match = TOKEN.exec(reader.text);
  if (!match) {
    const start = reader.at + (/^\s*/.exec(reader.text.slice(reader.at))?.[0].length ?? 0);
    throw mistake(reader.text, start, unreadable(reader.text.slice(start, start + 40)));
  }
  reader.at = TOKEN.lastIndex;
  const [whole, mark, string, value] = match;
  const text = mark ?? string ?? value ?? "";
  const at = reader.at - (text ? text.length : 0);
  if (value && Math.abs(Number(value)) === Infinity)
    throw mistake(reader.text, at, `${text} is beyond what a number can be`);
  const kind = mark ? "mark" : string !== undefined ? "string" : value ? "value" : "end";
  return { kind, text: kind === "end" ? whole.slice(0, 0) : text, at };
}

function unreadable(rest: string): string {
  if (rest.startsWith('"')) return "This text does not end, or has a line break in it";
  if (rest.startsWith("'")) return 'Texts stand in double quotes: "';
  const word = /^[\w$.+-]+/.exec(rest)?.[0];
  return word ? `${word} is no JSON; a text stands in double quotes` : `${rest.charAt(0)} is not expected here`;
}

function mistake(text: string, at: number, message: string): JsonMistake {
  const before = text.slice(0, at).split("\n");
  return new JsonMistake(message, before.length, (before.at(-1)?.length ?? 0) + 1);
}

/** Scans the text without building a value. */
function firstMistake(text: string): JsonMistake | null {
  const reader: Reader = { text, at: 0 };
  try {
    walkValue(reader, next(reader));
    const rest = next(reader);
    return rest.kind === "end" ? null : mistake(text, rest.at, "Nothing may follow here");
  } catch (error) {
    if (error instanceof JsonMistake) return error;
    if (error instanceof RangeError) return mistake(text, 0, "This is too deep");
    throw error;
  }
}

function fail(reader: Reader, token: Token, wanted: string): never {
  const found = token.kind === "end" ? "the text ends here" : `not ${token.text.slice(0, 24)}`;
  throw mistake(reader.text, token.at, `${wanted} is expected here, ${found}`);
}

function walkValue(reader: Reader, token: Token): void {
  if (token.text === "{") walkObject(reader);
  else if (token.text === "[") walkArray(reader);
  else if (token.kind === "mark" || token.kind === "end") fail(reader, token, "A value");
}

function walkObject(reader: Reader): void {
  let token = next(reader);
  if (token.text === "}") return;
  for (;;) {
    if (token.kind !== "string") fail(reader, token, "A name in double quotes");
    const colon = next(reader);
    if (colon.text !== ":") fail(reader, colon, "A colon");
    walkValue(reader, next(reader));
    const after = next(reader);
    if (after.text === "}") return;
    if (after.text !== ",") fail(reader, after, "A comma or }");
    token = next(reader);
  }
}

function walkArray(reader: Reader): void {
  let token = next(reader);
  if (token.text === "]") return;
  for (;;) {
    walkValue(reader, token);
    const after = next(reader);
    if (after.text === "]") return;
    if (after.text !== ",") fail(reader, after, "A comma or ]");
    token = next(reader);
  }
}
