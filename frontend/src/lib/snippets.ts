/** A task as code that creates the same one: in GraphQL, curl and Python. Pure. */
import { formatJson } from "./json";

export interface Recipe {
  readonly title: string;
  readonly kind: string;
  readonly queue: string;
  readonly payload: unknown;
  readonly maxAttempts: number;
  /** When the task is to begin; null for at once. */
  readonly runAt: string | null;
}

/** The input without the fields that have their default. */
function inputOf({ title, kind, queue, payload, maxAttempts, runAt }: Recipe): Record<string, unknown> {
  return {
    title,
    ...(kind !== "message" && { kind }),
    ...(queue !== "default" && { queue }),
    ...(payload !== null && payload !== undefined && { payload }),
    ...(runAt !== null && { runAt }),
    maxAttempts,
  };
}

/** The input with the names of the REST API. */
function restOf({ runAt, maxAttempts, ...input }: Record<string, unknown>): Record<string, unknown> {
  return { ...input, ...(runAt !== undefined && { run_at: runAt }), max_attempts: maxAttempts };
}

/** A value in GraphQL's notation, which has no quotes around names; hasPlainNames says whether it can be written so. */
function literal(value: unknown, indent: string): string {
  if (Array.isArray(value)) {
    return value.length === 0 ? "[]" : `[${value.map((one) => literal(one, indent)).join(", ")}]`;
  }
  if (typeof value !== "object" || value === null) return formatJson(value, 0);
  const entries = Object.entries(value);
  if (entries.length === 0) return "{}";
  const inner = `${indent}  `;
  return `{\n${entries.map(([key, one]) => `${inner}${key}: ${literal(one, inner)}`).join("\n")}\n${indent}}`;
}

function hasPlainNames(value: unknown): boolean {
  if (Array.isArray(value)) return value.every(hasPlainNames);
  if (typeof value !== "object" || value === null) return true;
  return Object.entries(value).every(([key, one]) => /^[A-Za-z_]\w*$/.test(key) && hasPlainNames(one));
}

export function asGraphQL(recipe: Recipe): string {
  const input = inputOf(recipe);
  if (hasPlainNames(input)) {
    return `mutation {\n  createTask(input: ${literal(input, "  ")}) {\n    created\n    task { id status }\n  }\n}\n`;
  }
  const variables = formatJson({ input }).replaceAll("\n", "\n# ");
  return `mutation ($input: CreateTaskInput!) {\n  createTask(input: $input) {\n    created\n    task { id status }\n  }\n}\n\n# Variables:\n# ${variables}\n`;
}

const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

export function asCurl(recipe: Recipe, graphqlUrl: string): string {
  const body = formatJson(restOf(inputOf(recipe)), 0);
  const url = graphqlUrl.replace(/\/graphql$/, "/tasks");
  return `curl --fail-with-body ${url} \\\n  --header 'content-type: application/json' \\\n  --data ${quoted(body)}\n`;
}

export function asPython(recipe: Recipe, graphqlUrl: string): string {
  const body = formatJson(formatJson(restOf(inputOf(recipe)), 0));
  const url = graphqlUrl.replace(/\/graphql$/, "/tasks");
  return `import json\n\nimport httpx\n\ntask = json.loads(${body})\nresponse = httpx.post(${formatJson(url)}, json=task)\nresponse.raise_for_status()\nprint(response.json()["task_id"])\n`;
}
