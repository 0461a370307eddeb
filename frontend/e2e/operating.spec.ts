/** Workers, queues, dead letters and the audit, against a process that takes everybody. */
import { expect, isLive, test } from "./support/test";

test.use({ instance: "operating" });

test("the worker of the process is there, with what it takes and how busy it is", async ({ page, taskflow }) => {
  await page.goto("/workers");
  const workers = page.getByRole("table", { name: "Workers" });
  await expect(workers.getByRole("row")).toHaveCount(2);
  await expect(workers).toContainText("Takes tasks");
  await expect(workers.getByRole("link", { name: "default" })).toBeVisible();
  const slots = workers.getByRole("meter");
  await expect(slots).toHaveAttribute("aria-valuenow", "0");
  const id = await taskflow.create({ title: "Slow", kind: "slow", payload: { seconds: 600 } });
  await expect(slots).toHaveAttribute("aria-valuenow", "1");
  await expect(page.getByText(/1 process · 1 of \d+ slots in use/)).toBeVisible();
  await taskflow.graphql("mutation ($id: ID!) { cancelTask(id: $id) { id } }", { id });
  await expect(slots).toHaveAttribute("aria-valuenow", "0");
});

test("a queue is paused with a reason, which is shown, changed, and gone when it is resumed", async ({
  page,
  taskflow,
}) => {
  await page.goto("/queues");
  const row = page.getByRole("row").filter({ hasText: "default" });
  await row.getByRole("button", { name: "Pause default" }).click();
  const dialog = page.getByRole("dialog");
  await expect(dialog).toContainText("workers take no more tasks from it");
  await dialog.getByRole("textbox", { name: "Reason" }).fill("The provider is down");
  await dialog.getByRole("button", { name: "Pause" }).click();
  await expect(dialog).toBeHidden();
  await expect(row).toContainText("Paused");
  await expect(row).toContainText("The provider is down");
  await expect(page.getByText(/· 1 paused/)).toBeVisible();

  await expect(async () => {
    await taskflow.create({ title: "Held back", payload: { message: "at last" } }); // the first may still be taken
    await expect(row.getByRole("cell").nth(3)).toContainText(/\d+ s/, { timeout: 3_000 });
  }).toPass();
  await page.goto("/overview");
  await expect(page.getByRole("region", { name: "Queues" }).getByRole("link", { name: /default/ })).toContainText(
    "paused",
  );
  await page.goto("/queues");

  await row.getByRole("button", { name: "Change why default is paused" }).click();
  await dialog.getByRole("textbox", { name: "Reason" }).fill("It comes back at noon");
  await dialog.getByRole("button", { name: "Save the reason" }).click();
  await expect(row).toContainText("It comes back at noon");
  await row.getByRole("button", { name: "Resume default" }).click();
  await expect(row).toContainText("Open");
  await taskflow.settled();
});

test("the audit says who did what, to what, page by page", async ({ page, taskflow }) => {
  const id = await taskflow.create({ title: "Parked", queue: "nobody" });
  await taskflow.graphql("mutation ($id: ID!) { cancelTask(id: $id) { id } }", { id });
  await page.goto("/audit");
  const entry = page.getByRole("row").filter({ hasText: id });
  await expect(entry).toContainText("Cancelled a task");
  await expect(page.getByRole("row").filter({ hasText: "Paused a queue" }).first()).toContainText("default");
  await entry.getByRole("link", { name: id }).click();
  await expect(page).toHaveURL(`/task/${id}`);
  await page.goto("/audit?after=nonsense");
  await expect(page.getByRole("alert")).toContainText("could not be loaded");
});

test("an ended task is deleted after a question, and its page says that it is gone", async ({ page, taskflow }) => {
  const id = await taskflow.create({ title: "Not for long", payload: { message: "done" } });
  await taskflow.settled();
  await page.goto(`/task/${id}`);
  await page.getByRole("button", { name: "Delete" }).click();
  const dialog = page.getByRole("dialog", { name: "Delete this task?" });
  await dialog.getByRole("button", { name: "Keep it" }).click();
  await expect(dialog).toBeHidden();
  await page.getByRole("button", { name: "Delete" }).click();
  await dialog.getByRole("button", { name: "Delete" }).click();
  await expect(page).toHaveURL("/");
  await expect(page.getByText("Deleted “Not for long”")).toBeVisible();
  await page.goto(`/task/${id}`);
  await expect(page.getByRole("heading", { name: "There is no such task" })).toBeVisible();
});

test("no dead letter: the header has no link, the page says so, and the keys lead there and on", async ({ page }) => {
  await page.goto("/");
  await isLive(page);
  await expect(page.getByRole("navigation", { name: "Pages" }).getByRole("link", { name: "Dead letters" })).toHaveCount(
    0,
  );
  for (const [key, path] of [
    ["d", "/dead-letters"],
    ["a", "/audit"],
    ["w", "/workers"],
    ["q", "/queues"],
  ] as const) {
    await page.keyboard.press("g");
    await page.keyboard.press(key);
    await expect(page).toHaveURL(path);
    if (key === "d") await expect(page.getByRole("heading", { name: "No dead letter" })).toBeVisible();
  }
});

test("on a phone the pages are in a menu that is named after the open one", async ({ page }) => {
  await page.setViewportSize({ width: 390, height: 844 });
  await page.goto("/queues");
  await page.getByRole("button", { name: "Queues" }).click();
  await page.getByRole("menuitem", { name: "Workers" }).click();
  await expect(page).toHaveURL("/workers");
  await expect(page.getByRole("button", { name: "Workers" })).toBeVisible();
});
