import type { Page } from "@playwright/test";
import { expectAccessible } from "./support/axe";
import { expect, isLive, row, test } from "./support/test";

test.use({
  allowed: /WebSocket connection to|Failed to (load resource|fetch dynamically)|ERR_CONNECTION_REFUSED|^NotLoaded: /,
});

test("when the API restarts, the page says so, reconnects by itself, and says what it missed", async ({
  page,
  taskflow,
}) => {
  await taskflow.create({ title: "Before the restart", payload: { message: "here" } });
  await page.goto("/");
  await isLive(page);
  await expect(row(page, "Before the restart").getByText("Done")).toBeVisible();
  await taskflow.stop();
  await expect(page.getByRole("status", { name: /Reconnecting \(\d+ s\)/ })).toBeVisible();
  await expect(row(page, "Before the restart")).toBeVisible();
  await taskflow.start();
  await taskflow.create({ title: "Meanwhile", payload: { message: "here too" } });
  await expect(row(page, "Meanwhile").getByText("Done")).toBeVisible();
  await expect(page.getByRole("status", { name: /Live, (caught up \d+ changes?|nothing missed)/ })).toBeVisible();
  await taskflow.create({ title: "Afterwards", payload: { message: "and again" } });
  await expect(row(page, "Afterwards").getByText("Done")).toBeVisible();
});

test("an API that does not answer is shown as an error, never as an empty list", async ({ page, taskflow }) => {
  await taskflow.create({ title: "There after all", payload: { message: "here" } });
  await page.route("**/graphql", (route) => route.abort());
  await page.routeWebSocket(/\/graphql$/, () => undefined); // else the page asks again by itself as soon as it is live
  await page.goto("/");
  await expect(page.getByRole("alert")).toContainText("The tasks could not be loaded");
  await expect(page.getByText("No task yet")).toBeHidden();
  await page.unroute("**/graphql");
  await page.getByRole("button", { name: "Try again" }).click();
  await expect(row(page, "There after all")).toBeVisible();
});

/** As after a deploy that removed the file, or without a network. */
const withoutFile = (page: Page, file: string): Promise<unknown> =>
  page.route(`**/assets/${file}-*`, (route) => route.abort());

for (const [name, file, path, link] of [
  ["the overview", "OverviewPage", "/overview", "Overview"],
  ["the form's page", "NewTaskPage", "/new", "New task"],
  ["a task's page", "TaskPage", "/task/01a20bbb-de30-72d0-bd15-de3fb28f88fa", null],
] as const) {
  test(`${name} that can't be loaded says so, with a button that reloads it, and the list works on`, async ({
    page,
  }) => {
    const pages = page.getByRole("banner");
    await withoutFile(page, file);
    await page.goto("/");
    await isLive(page);
    await page.evaluate(() => Object.assign(window, { isSamePage: true }));
    if (link === null) await page.goto(path);
    else await pages.getByRole("link", { name: link }).click();
    const alert = page.getByRole("alert");
    await expect(alert).toContainText("This page could not be loaded");
    await expect(alert).toContainText("The network is away, or a newer version has replaced its file.");
    if (link !== null) expect(await page.evaluate(() => "isSamePage" in window), "no reload unasked").toBe(true);
    await pages.getByRole("link", { name: "Tasks" }).click();
    await expect(page.getByRole("tab", { name: /All/ })).toBeVisible();
    await page.goBack();
    await expect(alert).toBeVisible();
    await page.unrouteAll();
    await alert.getByRole("button", { name: "Reload" }).click();
    await expect(page.getByRole("heading", { level: link === null ? 2 : 1 }).first()).toBeVisible();
    await expect(alert).toBeHidden();
  });
}

for (const [part, file, key, role, name] of [
  ["the command palette", "Palette", "Control+k", "textbox", "Command"],
  ["the form for a new task", "NewTaskDialog", "n", "dialog", "New task"],
] as const) {
  test(`when ${part} can't be loaded a toast says so, the list works on, and the next try opens it`, async ({
    page,
  }) => {
    await withoutFile(page, file);
    await page.goto("/");
    await isLive(page);
    await page.keyboard.press(key);
    const toast = page.getByRole("alert").filter({ hasText: new RegExp(`${part} could not be loaded`, "i") });
    await expect(toast).toContainText("The network is away, or a newer version has replaced its file.");
    await page.getByRole("tab", { name: /Failed/ }).click();
    await expect(page).toHaveURL("/?status=FAILED");
    await expectAccessible(page, `not-loaded-${file}`);
    await page.unrouteAll();
    await page.keyboard.press(key);
    await expect(page.getByRole(role, { name })).toBeVisible();
    await page.keyboard.press("Escape");
    await toast.getByRole("button", { name: "Reload" }).click();
    await isLive(page);
    await expect(toast).toBeHidden();
  });
}
