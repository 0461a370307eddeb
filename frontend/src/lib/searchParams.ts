/** Search parameters as people write them: ?status=FAILED&status=DONE, not JSON in quotes. Pure. */

export function parseSearch(search: string): Record<string, string | string[]> {
  const found: Record<string, string | string[]> = {};
  const parameters = new URLSearchParams(search);
  for (const key of new Set(parameters.keys())) {
    const values = parameters.getAll(key);
    found[key] = values.length === 1 && values[0] !== undefined ? values[0] : values;
  }
  return found;
}

export function stringifySearch(search: Readonly<Record<string, unknown>>): string {
  const parameters = new URLSearchParams();
  for (const [key, value] of Object.entries(search)) {
    for (const one of Array.isArray(value) ? (value as unknown[]) : [value]) {
      if (typeof one === "string" || typeof one === "number" || typeof one === "boolean")
        parameters.append(key, String(one));
    }
  }
  const text = parameters.toString();
  return text ? `?${text}` : "";
}
