import { expect, isLive, test } from "./support/test";

test.use({ instance: "overview" });

test("figures are updated live, and each links to its list", async ({ page, taskflow }) => {
  await page.goto("/overview");
  await isLive(page);
  await expect(page.getByText("No task ended in this time.")).toBeVisible();
  const done = page.getByRole("link", { name: /^Done/ });
  await expect(done).toContainText("0");
  await taskflow.createMany(
    Array.from({ length: 9 }, (_, n) => ({ title: `Mail ${n}`, payload: { message: "sent" } })),
  );
  await taskflow.create({ title: "No letter", payload: {} });
  await expect(done).toContainText("9");
  await expect(page.getByRole("link", { name: /9 done, 1 failed/ })).toBeVisible();
  await done.click();
  await expect(page).toHaveURL("/?status=DONE");
});

test("a column of the chart, by mouse or by arrow keys, links to the tasks created in its time, and says so", async ({
  page,
}) => {
  await page.goto("/overview");
  const columns = page.getByRole("navigation", { name: "Throughput, by time" });
  const last = columns.getByRole("link").last();
  await last.focus();
  await page.keyboard.press("ArrowLeft");
  await expect(columns.getByRole("link").nth(58)).toBeFocused();
  await page.keyboard.press("ArrowRight");
  await expect(last).toBeFocused();
  const column = columns.getByRole("link", { name: /9 done/ });
  await expect(column).toHaveAccessibleDescription(/^Opens tasks created (\d\d:\d\d)–\d\d:\d\d$/);
  await column.hover();
  await expect(page.getByRole("region", { name: "Throughput" })).toContainText(/9 done.* · opens tasks created \d\d/);
  await column.click();
  await expect(page).toHaveURL(/status=DONE&status=FAILED&status=CANCELLED&from=.*&to=/);
  await expect(page.getByRole("row").filter({ hasText: "Mail" }).first()).toBeVisible();
});

test("the time span is kept in the address", async ({ page }) => {
  await page.goto("/overview?span=6h");
  await expect(page.getByRole("link", { name: "6 h" })).toHaveAttribute("aria-current", "page");
  await page.getByRole("link", { name: "15 min" }).click();
  await expect(page).toHaveURL("/overview?span=15m");
  await page.getByRole("link", { name: "1 h" }).click();
  await expect(page).toHaveURL("/overview");
  await expect(page.getByRole("link", { name: "1 h" })).toHaveAttribute("aria-current", "page");
  await expect(page.getByRole("link", { name: "15 min" })).not.toHaveAttribute("aria-current");
});

test("the kinds that fail most are listed, and link to their failed tasks", async ({ page }) => {
  await page.goto("/overview");
  const kind = page.getByRole("region", { name: "Most failing kinds" }).getByRole("link", { name: /message/ });
  await expect(kind).toHaveAccessibleDescription("Opens failed tasks created in the last hour");
  await kind.click();
  await expect(page).toHaveURL("/?status=FAILED&kind=message&range=1h");
  await expect(page.getByRole("row").filter({ hasText: "No letter" })).toBeVisible();
});

test("a queue that no worker takes from is reported, with the command that starts one, here and above the list", async ({
  page,
  taskflow,
}) => {
  await taskflow.create({ title: "Parked", queue: "nightly" });
  await page.addInitScript(() => {
    const [now, began] = [Date.now, Date.now()];
    Date.now = () => began + 6 * (now() - began); // the banner waits for five seconds
  });
  for (const path of ["/overview", "/workers", "/queues", "/"]) {
    await page.goto(path);
    const banner = page.getByRole("alert").filter({ hasText: "No worker takes from the queue nightly: 1 task waits." });
    await expect(banner).toContainText("WORKER_QUEUES=nightly taskflow worker");
    await banner.getByRole("link", { name: "nightly" }).click();
    await expect(page).toHaveURL("/?status=PENDING&queue=nightly");
  }
});

test("a kind that no worker knows is reported, with the number of tasks that wait", async ({ page, taskflow }) => {
  await page.addInitScript(() => {
    const [now, began] = [Date.now, Date.now()];
    Date.now = () => began + 6 * (now() - began); // the banner waits for five seconds
  });
  await taskflow.create({ title: "Fold", kind: "origami", maxAttempts: 100 });
  await page.goto("/overview");
  const banner = page.getByRole("alert").filter({ hasText: "No worker knows the kind origami: 1 task waits." });
  await expect(banner).toContainText("WORKER_HANDLERS=your.module taskflow worker");
});

test("the workers and the size of the tables are in short on the overview", async ({ page }) => {
  await page.goto("/overview");
  const workers = page.getByRole("region", { name: "Workers" });
  await expect(workers.getByRole("meter")).toHaveCount(1);
  await expect(page.getByRole("region", { name: "Database" })).toContainText(/Size\d.*B/);
  await workers.getByRole("link", { name: /1 process/ }).click();
  await expect(page).toHaveURL("/workers");
});
