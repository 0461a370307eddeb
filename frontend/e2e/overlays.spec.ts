/** Each toast, dialog and menu while it is open, as axe sees it: what is closed is not on the page. */
import type { Page } from "@playwright/test";
import { expectAccessible } from "./support/axe";
import { expect, isLive, row, test } from "./support/test";

test.use({ permissions: ["clipboard-read", "clipboard-write"] });

const NOBODY = "nobody"; // a queue that no worker takes from

async function open(page: Page, path: string): Promise<void> {
  await page.emulateMedia({ colorScheme: "light", reducedMotion: "reduce" });
  await page.goto(path);
  await isLive(page);
}

test("axe finds nothing in either theme while toasts are shown, and each closes by a button with a name", async ({
  page,
  taskflow,
}) => {
  await open(page, "/");
  const id = await taskflow.create({ title: "Resize overlays", queue: NOBODY });
  const toast = page.getByRole("status").filter({ hasText: "Resize overlays" });
  await toast.hover(); // it stays while the pointer is on it
  await expectAccessible(page, "toast");
  await toast.getByRole("button", { name: "Close" }).click();
  await expect(toast).toBeHidden();

  await taskflow.graphql("mutation ($id: ID!) { cancelTask(id: $id) { id } }", { id });
  await page.goto(`/task/${id}`);
  await expect(page.getByRole("heading", { level: 1 })).toBeVisible();
  await page.keyboard.press("c");
  const refusal = page.getByRole("alert").filter({ hasText: "Not done" });
  await refusal.hover();
  await expectAccessible(page, "toast-refusal");
  await refusal.getByRole("button", { name: "Close" }).click();
  await expect(refusal).toBeHidden();
});

test("axe finds nothing in either theme while a dialog is open, and each closes by a button with a name", async ({
  page,
  taskflow,
}) => {
  await taskflow.create({ title: "Parked", queue: NOBODY });
  await open(page, `/?queue=${NOBODY}&q=Parked`);
  const dialog = page.getByRole("dialog");
  const looksAndCloses = async (name: string): Promise<void> => {
    await expect(dialog).toBeVisible();
    await expectAccessible(page, name);
    await dialog.getByRole("button", { name: "Close" }).first().click();
    await expect(dialog).toBeHidden();
  };
  await page.keyboard.press("?");
  await looksAndCloses("dialog-keyboard-help");

  await page.keyboard.press("n");
  await dialog.getByRole("textbox", { name: "Payload" }).fill("{,");
  await dialog.getByRole("button", { name: "Create task" }).click();
  await expect(dialog.getByText(/^Line 1/)).toBeVisible();
  await looksAndCloses("dialog-new-task");

  await page.getByRole("checkbox", { name: "Select Parked" }).click();
  await page.getByRole("button", { name: "Retry selected" }).click();
  await expect(dialog).toContainText("1 task refused");
  await looksAndCloses("dialog-outcome");
});

test("axe finds nothing in either theme while a menu is open", async ({ page, taskflow }) => {
  const id = await taskflow.create({ title: "Charge", queue: NOBODY, kind: "charge" });
  await open(page, `/?queue=${NOBODY}&kind=charge`);
  await expect(row(page, "Charge")).toBeVisible();
  await expect(page.getByRole("button", { name: "Remove the kind charge" })).toBeVisible();
  for (const [name, button, content] of [
    ["menu-preferences", page.getByRole("button", { name: "Preferences" }), page.getByText("Theme")],
    ["menu-time", page.getByRole("button", { name: "Created: Any time" }), page.getByText("Last hour")],
    ["menu-queue", page.getByLabel("Queue", { exact: true }).first(), page.getByRole("option", { name: "default" })],
    ["menu-order", page.getByLabel("Order").first(), page.getByRole("option", { name: "Oldest" })],
  ] as const) {
    await button.click();
    await expect(content.first()).toBeVisible();
    await expectAccessible(page, name);
    await page.keyboard.press("Escape");
    await expect(content.first()).toBeHidden();
  }
  await page.goto(`/task/${id}`);
  await page.getByRole("button", { name: "Copy as" }).click();
  await expect(page.getByRole("menuitem", { name: "Python" })).toBeVisible();
  await expectAccessible(page, "menu-copy");
  await page.getByRole("menuitem", { name: "Python" }).click();
  await expect(page.getByRole("alert").filter({ hasText: "Copied as Python" })).toBeVisible();
  await page.getByRole("button", { name: "Close" }).click();
});

test("axe finds nothing in either theme while the command palette is open", async ({ page }) => {
  await open(page, "/");
  await page.keyboard.press("Control+k");
  await expect(page.getByRole("textbox", { name: "Command" })).toBeFocused();
  await expectAccessible(page, "palette");
  await page.keyboard.type("album");
  await expect(page.getByText("Search tasks for")).toBeVisible();
  await expectAccessible(page, "palette-search");
});
