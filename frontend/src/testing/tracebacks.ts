/** Tracebacks as a worker under Python 3.11 stored them, with other folders. */
const files = import.meta.glob<string>("./tracebacks/*.txt", { query: "?raw", import: "default", eager: true });

export const TRACEBACKS: ReadonlyMap<string, string> = new Map(
  Object.entries(files).map(([path, text]) => [path.replace(/^.*\/|\.txt$/g, ""), text]),
);
