/** The state in the URL of a list that is read page by page. Pure. */

export interface PageSearch {
  /** The cursor of the last entry of the page before; the newest page without it. */
  readonly after?: string | undefined;
}

export function parsePageSearch(raw: Readonly<Record<string, unknown>>): PageSearch {
  const { after } = raw;
  return { after: typeof after === "string" && after !== "" ? after : undefined };
}
