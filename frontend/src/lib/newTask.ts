/** A new task: from the form's values to the API's input, and from the API's errors to the form's fields. Pure. */
import type { CreateTaskInput } from "@/generated/graphql";
import { formatInstant } from "./format";
import { withoutHidden } from "./hidden";
import { formatJson, JsonMistake, parseJson, toWire } from "./json";

export interface NewTaskValues {
  readonly title: string;
  readonly kind: string;
  readonly queue: string;
  readonly payload: string;
  /** As <input type="datetime-local"> has it, where the reader is; empty for now. */
  readonly runAt: string;
  readonly maxAttempts: string;
}

export type NewTaskField = keyof NewTaskValues;
export type FieldErrors = Partial<Record<NewTaskField, string>>;

export const EMPTY: NewTaskValues = { title: "", kind: "", queue: "", payload: "", runAt: "", maxAttempts: "" };
export const TITLE_MAX = 255;
export const ATTEMPTS_MAX = 100;

export interface NewTaskSearch {
  /** The id of the task that the form copies. */
  readonly from?: string | undefined;
}

export function parseNewTaskSearch(raw: Readonly<Record<string, unknown>>): NewTaskSearch {
  const from = raw["from"];
  return { from: typeof from === "string" && from !== "" ? from : undefined };
}

export interface Source {
  readonly title: string;
  readonly kind: string;
  readonly queue: string;
  readonly payload: unknown;
  readonly maxAttempts: number;
  readonly attempt: number;
  readonly runAt: string | null;
}

/** The date of a task that has not begun, if it is in the future: a copy of the task keeps it. */
export const scheduled = ({ attempt, runAt }: Pick<Source, "attempt" | "runAt">, now: number): string | null =>
  attempt === 0 && runAt !== null && Date.parse(runAt) > now ? runAt : null;

/** Hidden fields of the payload are left empty. */
export function valuesOf(source: Source, now: number): NewTaskValues {
  const { title, kind, queue, maxAttempts } = source;
  const payload = withoutHidden(source.payload).value;
  const at = scheduled(source, now);
  return {
    title,
    kind,
    queue,
    payload: payload === null || payload === undefined ? "" : formatJson(payload),
    runAt: at === null ? "" : formatInstant(at, "local").replace(" ", "T"),
    maxAttempts: String(maxAttempts),
  };
}

/** The errors that are found without the API. */
export function check(values: NewTaskValues): FieldErrors {
  const errors: FieldErrors = {};
  const title = values.title.trim();
  if (title === "") errors.title = "A task needs a title";
  else if (Array.from(title).length > TITLE_MAX) errors.title = `At most ${TITLE_MAX} characters`;
  const payload = checkPayload(values.payload);
  if (payload !== null) errors.payload = payload;
  if (values.runAt !== "" && Number.isNaN(Date.parse(values.runAt))) errors.runAt = "This is no date";
  const attempts = Number(values.maxAttempts);
  if (values.maxAttempts !== "" && !(Number.isInteger(attempts) && attempts >= 1 && attempts <= ATTEMPTS_MAX)) {
    errors.maxAttempts = `A number from 1 to ${ATTEMPTS_MAX}`;
  }
  return errors;
}

export function mistakeIn(text: string): JsonMistake | null {
  if (text.trim() === "") return null;
  try {
    parseJson(text);
    return null;
  } catch (error) {
    if (error instanceof JsonMistake) return error;
    throw error;
  }
}

function checkPayload(text: string): string | null {
  const mistake = mistakeIn(text);
  if (mistake) return `Line ${mistake.line}, column ${mistake.column}: ${mistake.message}`;
  if (text.trim() === "") return null;
  const value = parseJson(text);
  const isObject = value === null || (typeof value === "object" && !Array.isArray(value));
  return isObject ? null : "A payload is an object, as { … }, or nothing";
}

/** The input of values that `check` has passed. An empty field is left out, for the API's default. */
export function toInput(values: NewTaskValues, idempotencyKey: string): CreateTaskInput {
  const kind = values.kind.trim();
  const queue = values.queue.trim();
  return {
    title: values.title.trim(),
    idempotencyKey,
    ...(kind !== "" && { kind }),
    ...(queue !== "" && { queue }),
    ...(values.payload.trim() !== "" && { payload: toWire(parseJson(values.payload)) }),
    ...(values.runAt !== "" && { runAt: new Date(values.runAt).toISOString() }),
    ...(values.maxAttempts !== "" && { maxAttempts: Number(values.maxAttempts) }),
  };
}

/** Random where pages without HTTPS have no randomUUID either. */
export function newKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return `dashboard-${Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("")}`;
}

export interface Refusal {
  readonly fields: FieldErrors;
  /** An error that belongs to no field of the form. */
  readonly rest: string | null;
}

const isField = (name: string): name is NewTaskField => name in EMPTY;

/** From the `errors` of an answer's extensions; `message` where there is none of them. */
export function refusalOfFields(extensions: unknown, message: string): Refusal {
  const list = (extensions as { errors?: unknown } | undefined)?.errors;
  if (!Array.isArray(list)) return { fields: {}, rest: message };
  const fields: FieldErrors = {};
  const rest: string[] = [];
  for (const one of list as readonly { field?: unknown; message?: unknown }[]) {
    const field = String(one.field);
    const said = String(one.message);
    if (isField(field)) fields[field] = `It ${said}`;
    else rest.push(`${field} ${said}`);
  }
  return { fields, rest: rest.length > 0 ? rest.join("; ") : null };
}
