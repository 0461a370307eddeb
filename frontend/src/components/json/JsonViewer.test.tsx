import { screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test } from "vitest";
import { parseJson } from "@/lib/json";
import { renderInApp } from "@/testing/render";
import { JsonViewer } from "./JsonViewer";

Element.prototype.scrollIntoView = () => undefined;

const VALUE = parseJson(
  '{"order": {"id": 12345678901234567890, "lines": [{"sku": "album"}]}, "note": null, "a": 1, "b": 2}',
);

test("every digit of a big integer is shown, and folding hides what is inside", async () => {
  renderInApp(<JsonViewer title="Payload" value={VALUE} fileName="payload.json" />);
  const tree = screen.getByRole("region", { name: "Payload, as a tree" });
  expect(within(tree).getByText("12345678901234567890")).toBeDefined();
  await userEvent.click(within(tree).getByRole("button", { name: /order:/ }));
  expect(within(tree).queryByText("12345678901234567890")).toBeNull();
});

test("a search opens the way to what it finds, and says when there is nothing", async () => {
  renderInApp(<JsonViewer title="Payload" value={VALUE} fileName="payload.json" />);
  const box = screen.getByRole("textbox", { name: "Search the payload" });
  await userEvent.type(box, "album");
  expect(screen.getByText('"album"')).toBeDefined();
  expect(screen.getByText("1 of 1")).toBeDefined();
  await userEvent.clear(box);
  await userEvent.type(box, "nowhere");
  expect(screen.getByText("Nothing found")).toBeDefined();
});

test("a long text is cut until it is asked for", async () => {
  renderInApp(<JsonViewer title="Result" value={{ text: "x".repeat(1_000) }} fileName="result.json" />);
  await userEvent.click(screen.getByRole("button", { name: "all 1,000 characters" }));
  expect(screen.getByText(new RegExp(`"x{1000}"`))).toBeDefined();
});

test("a secret is marked as hidden", () => {
  renderInApp(<JsonViewer title="Payload" value={{ number: "**********", month: 4 }} fileName="p.json" />);
  const tree = screen.getByRole("region", { name: "Payload, as a tree" });
  expect(tree.textContent).toMatch(/number: +hidden/);
  expect(tree.textContent).not.toContain("*");
});
