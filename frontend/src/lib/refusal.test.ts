import { CombinedGraphQLErrors, ServerError } from "@apollo/client/errors";
import { expect, test } from "vitest";
import { refusalOf } from "./refusal";

function answered(bodyText: string): ServerError {
  return new ServerError("Response not successful: Received status code 503", {
    response: new Response(bodyText, { status: 503 }),
    bodyText,
  });
}

test("what the API says is shown, whatever the status it comes with", () => {
  const errors = [{ message: "This was not taken. Try again later." }];
  expect(refusalOf(new CombinedGraphQLErrors({ errors }))).toBe("This was not taken. Try again later.");
  expect(refusalOf(answered(JSON.stringify({ errors, data: null })))).toBe("This was not taken. Try again later.");
  expect(refusalOf(answered(JSON.stringify({ status: 503, detail: "Try again." })))).toBe("Try again.");
});

test("a page of a proxy's is told by its status", () => {
  expect(refusalOf(answered("<h1>Bad Gateway</h1>"))).toContain("status code 503");
  expect(refusalOf("nothing")).toBe("The API did not answer");
});
