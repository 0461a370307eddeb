import { screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { type ReactElement, useState } from "react";
import { expect, test } from "vitest";
import { renderInApp } from "@/testing/render";
import { JsonEditor } from "./JsonEditor";

function Editor({ initial, error }: { readonly initial: string; readonly error?: string }): ReactElement {
  const [value, setValue] = useState(initial);
  return <JsonEditor label="Payload" description="An object" value={value} onChange={setValue} error={error} />;
}

const area = (): HTMLTextAreaElement => screen.getByRole("textbox", { name: "Payload" });

test("a mistake is told with its line, and its place is shown when it is clicked", async () => {
  renderInApp(<Editor initial={'{\n  "a": yes\n}'} />);
  expect(area().getAttribute("aria-invalid")).toBe("true");
  await userEvent.click(screen.getByRole("button", { name: /Line 2, column 8: yes is no JSON/ }));
  expect(document.activeElement).toBe(area());
  expect(area().value.slice(area().selectionStart, area().selectionEnd)).toBe("y");
});

test("what the API says of it is shown where the text has no mistake", () => {
  renderInApp(<Editor initial="{}" error="It takes at most 262144 bytes" />);
  expect(screen.getByText("It takes at most 262144 bytes")).toBeDefined();
});

test("it is formatted on request, and keeps every digit", async () => {
  renderInApp(<Editor initial='{"id":12345678901234567890}' />);
  await userEvent.click(screen.getByRole("button", { name: "Format" }));
  expect(area().value).toBe('{\n  "id": 12345678901234567890\n}');
});
