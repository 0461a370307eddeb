import { expect, isLive, row, test } from "./support/test";

test.use({
  instance: "reconnect",
  allowed: /WebSocket connection to|Failed to (load resource|fetch dynamically)|ERR_CONNECTION_REFUSED/,
});

test("the API restarts: the page says so, comes back by itself, and tells what it missed", async ({
  page,
  taskflow,
}) => {
  await taskflow.create({ title: "Before", payload: { message: "here" } });
  await page.goto("/");
  await isLive(page);
  await expect(row(page, "Before").getByText("Done")).toBeVisible();
  await taskflow.stop();
  await expect(page.getByRole("status", { name: /Reconnecting \(\d+ s\)/ })).toBeVisible();
  await expect(row(page, "Before")).toBeVisible();
  await taskflow.start();
  await taskflow.create({ title: "Meanwhile", payload: { message: "here too" } });
  await expect(row(page, "Meanwhile").getByText("Done")).toBeVisible();
  await expect(page.getByRole("status", { name: /Live, (caught up \d+ changes?|nothing missed)/ })).toBeVisible();
  await taskflow.create({ title: "Afterwards", payload: { message: "and again" } });
  await expect(row(page, "Afterwards").getByText("Done")).toBeVisible();
});

test("an API that is away is an error, never an empty list", async ({ page, taskflow }) => {
  await taskflow.create({ title: "There after all", payload: { message: "here" } });
  await page.route("**/graphql", (route) => route.abort());
  await page.goto("/");
  await expect(page.getByRole("alert")).toContainText("The tasks could not be loaded");
  await expect(page.getByText("No task yet")).toBeHidden();
  await page.unroute("**/graphql");
  await page.getByRole("button", { name: "Try again" }).click();
  await expect(row(page, "There after all")).toBeVisible();
});

test("a page whose files are gone says so, and the others go on", async ({ page }) => {
  await page.route("**/assets/OverviewPage-*.js", (route) => route.abort());
  await page.goto("/overview");
  await expect(page.getByRole("alert")).toContainText("This page broke");
  await page.getByRole("link", { name: "Tasks", exact: true }).click();
  await expect(page.getByRole("tab", { name: /All/ })).toBeVisible();
});

test("a form whose files are gone is told in a toast, and nothing else is lost", async ({ page }) => {
  await page.route("**/assets/NewTask*", (route) => route.abort());
  await page.goto("/");
  await isLive(page);
  await page.keyboard.press("n");
  await expect(page.getByRole("alert")).toContainText("The form could not be loaded");
  await expect(page.getByRole("tab", { name: /All/ })).toBeVisible();
  await expect(page).toHaveTitle("Tasks · TaskFlow");
});
