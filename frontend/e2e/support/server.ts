/** `taskflow up`, or another application with TaskFlow under /jobs, in a folder of its own and on a free port.
 *
 * It can be stopped and started again on the same port.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const BIN = fileURLToPath(new URL("../../../.venv/bin/", import.meta.url));
const SUPPORT = fileURLToPath(new URL(".", import.meta.url));
const HOST = fileURLToPath(new URL("host.py", import.meta.url));
/** Under which host.py serves. */
export const PREFIX = "/jobs";
const FIRST_PORT = 20_000;
/** Linux takes the ports of outgoing connections from here on. */
const FIRST_OF_CONNECTIONS = 32_768;
const PATIENCE_MS = 30_000;
const LOOK_EVERY_MS = 100;
const BATCH = 1_000;

/** A token for each role, by name, as API_TOKENS_FILE has them. */
export const TOKENS = {
  vera: "viewer-0123456789abcdef",
  olga: "operator-0123456789abcdef",
  adam: "admin-0123456789abcdef",
} as const;
/** Where a guarded process says that its traces are. */
export const TRACES = "https://traces.example/trace/";
type Name = keyof typeof TOKENS;
const ROLES: Readonly<Record<Name, string>> = { vera: "viewer", olga: "operator", adam: "admin" };

export interface Kind {
  /** Whether another application serves it under a prefix. */
  readonly isMounted: boolean;
  /** Whether it takes nobody without a token. */
  readonly isGuarded: boolean;
}

export interface NewTask {
  readonly title: string;
  readonly kind?: string;
  readonly queue?: string;
  readonly payload?: object;
  readonly maxAttempts?: number;
  readonly runAt?: string;
}

/** Of a caller's span, as W3C has it. */
export interface Caller {
  readonly traceparent: string;
}

/** One that no connection of anybody's is given meanwhile, so that a process finds it free again after a restart. */
async function freePort(): Promise<number> {
  const port = FIRST_PORT + Math.floor(Math.random() * (FIRST_OF_CONNECTIONS - FIRST_PORT));
  const probe = createServer();
  const isFree = new Promise<boolean>((resolve) =>
    probe.once("error", () => resolve(false)).once("listening", () => resolve(true)),
  );
  probe.listen(port, "127.0.0.1");
  if (!(await isFree)) return freePort();
  probe.close();
  await once(probe, "close");
  return port;
}

export class TaskFlow {
  private process: ChildProcess | undefined;

  private constructor(
    readonly folder: string,
    readonly port: number,
    private readonly kind: Kind,
  ) {}

  static async make(kind: Kind): Promise<TaskFlow> {
    const made = new TaskFlow(await mkdtemp(join(tmpdir(), "taskflow-e2e-")), await freePort(), kind);
    await made.allow("vera", "olga", "adam");
    return made;
  }

  /** Takes the tokens of these alone from now on. */
  async allow(...names: readonly Name[]): Promise<void> {
    await writeFile(this.tokens, names.map((name) => `${name}:${ROLES[name]}:${TOKENS[name]}\n`).join(""));
  }

  private get tokens(): string {
    return join(this.folder, "tokens");
  }

  get origin(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Without a slash at its end. */
  get url(): string {
    return this.kind.isMounted ? this.origin + PREFIX : this.origin;
  }

  async start(): Promise<void> {
    const environment = {
      ...process.env,
      ...{ LOG_LEVEL: "ERROR", DB_URL: "", RABBITMQ_URL: "", REDIS_URL: "" },
      ...(this.kind.isGuarded && {
        API_TOKENS_FILE: this.tokens,
        PYTHONPATH: SUPPORT,
        WORKER_HANDLERS: "cards",
        TRACE_URL: `${TRACES}{trace_id}`,
      }),
    };
    const port = String(this.port);
    const command = this.kind.isMounted
      ? (["python", [HOST, port]] as const)
      : (["taskflow", ["up", "--port", port]] as const);
    this.process = spawn(join(BIN, command[0]), command[1], {
      cwd: this.folder,
      env: environment,
      stdio: ["ignore", "ignore", "inherit"],
    });
    const deadline = Date.now() + PATIENCE_MS;
    while (!(await this.answers())) {
      if (Date.now() > deadline) throw new Error("taskflow up does not answer");
      await new Promise((go) => setTimeout(go, LOOK_EVERY_MS));
    }
  }

  async stop(signal: "SIGTERM" | "SIGKILL" = "SIGTERM"): Promise<void> {
    const running = this.process;
    this.process = undefined;
    if (!running || running.exitCode !== null) return;
    const gone = once(running, "exit");
    running.kill(signal);
    await gone;
  }

  /** Without waiting for tasks that run: its database goes too. */
  async remove(): Promise<void> {
    await this.stop("SIGKILL");
    await rm(this.folder, { recursive: true, force: true });
  }

  async graphql<Data>(query: string, variables: object = {}, caller?: Caller): Promise<Data> {
    const response = await fetch(`${this.url}/graphql`, {
      method: "POST",
      headers: {
        "content-type": "application/json",
        ...caller,
        ...(this.kind.isGuarded && { authorization: `Bearer ${TOKENS.adam}` }),
      },
      body: JSON.stringify({ query, variables }),
    });
    const { data, errors } = (await response.json()) as { data?: Data; errors?: { message: string }[] };
    if (errors || data === undefined) throw new Error(errors?.map(({ message }) => message).join("; ") ?? "no data");
    return data;
  }

  /** Returns the new task's id. */
  async create(input: NewTask, caller?: Caller): Promise<string> {
    const query = "mutation ($input: CreateTaskInput!) { createTask(input: $input) { task { id } } }";
    const data = await this.graphql<{ createTask: { task: { id: string } } }>(query, { input }, caller);
    return data.createTask.task.id;
  }

  async createMany(inputs: readonly NewTask[]): Promise<void> {
    const query = "mutation ($inputs: [CreateTaskInput!]!) { createTasks(inputs: $inputs) { createdCount } }";
    for (let start = 0; start < inputs.length; start += BATCH) {
      await this.graphql(query, { inputs: inputs.slice(start, start + BATCH) });
    }
  }

  /** Waits until no task of that kind of status is left. */
  async settled(): Promise<void> {
    const query =
      '{ tasks(first: 1, filter: { statuses: [PENDING, PROCESSING], queues: ["default"] }) { nodes { id } } }';
    const deadline = Date.now() + PATIENCE_MS;
    for (;;) {
      const { tasks } = await this.graphql<{ tasks: { nodes: unknown[] } }>(query);
      if (tasks.nodes.length === 0) return;
      if (Date.now() > deadline) throw new Error("tasks do not end");
      await new Promise((go) => setTimeout(go, LOOK_EVERY_MS));
    }
  }

  private async answers(): Promise<boolean> {
    try {
      return (await fetch(`${this.url}/livez`)).ok;
    } catch {
      return false;
    }
  }
}
