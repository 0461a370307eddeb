import { expect, isLive, row, test } from "./support/test";

test.use({ instance: "empty" });

test("an empty list says so, and a task created elsewhere appears in it", async ({ page, taskflow }) => {
  await page.goto("/");
  await expect(page.getByRole("heading", { name: "No task yet" })).toBeVisible();
  await isLive(page);
  await taskflow.create({ title: "First of all", payload: { message: "hello" } });
  await expect(row(page, "First of all").getByText("Done")).toBeVisible();
});
