/** The body of a dead letter as people read it. Pure. */
import { formatJson, JsonMistake, parseJson } from "./json";

/** Indented where it is JSON, with every digit; else as it is. */
export function readableBody(body: string): string {
  try {
    return formatJson(parseJson(body));
  } catch (error) {
    if (error instanceof JsonMistake) return body;
    throw error;
  }
}
