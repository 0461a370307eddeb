import { expect, isLive, test } from "./support/test";

test.use({ instance: "paging" });

const TASKS = 20_000;

test("20,000 tasks are paged through to the last, and a selection made on the way is kept", async ({
  page,
  taskflow,
}) => {
  test.setTimeout(480_000);
  await taskflow.createMany(
    Array.from({ length: TASKS }, (_, number) => ({ title: `Parked ${number}`, queue: "nobody" })),
  );
  await page.goto("/?queue=nobody");
  await isLive(page);
  await expect(page.getByRole("checkbox", { name: `Select Parked ${TASKS - 1}`, exact: true })).toBeVisible();
  await page.getByRole("checkbox", { name: `Select Parked ${TASKS - 1}`, exact: true }).click();

  const began = Date.now();
  const list = page.getByRole("table", { name: "Tasks" }).locator("..");
  const rows = await list.evaluate(async (element) => {
    let most = 0;
    while (!element.textContent.includes("that is all")) {
      element.scrollTo({ top: element.scrollHeight });
      await new Promise((go) => requestAnimationFrame(go));
      most = Math.max(most, element.querySelectorAll("tr").length);
    }
    return most;
  });
  await expect(page.getByText(`${TASKS.toLocaleString("en")} shown, that is all`)).toBeVisible();
  const seconds = (Date.now() - began) / 1_000;
  console.log(`paging: ${TASKS} tasks in ${seconds.toFixed(1)} s, at most ${rows} rows in the document`);
  expect(rows).toBeLessThan(120);

  await list.evaluate((element) => {
    element.scrollTo({ top: element.scrollHeight });
  });
  await page.getByRole("checkbox", { name: "Select Parked 0", exact: true }).click({ modifiers: ["Shift"] });
  await expect(page.getByRole("region", { name: "Selection" })).toContainText("20,000 tasks selected");
  await page.getByRole("button", { name: "Clear selection" }).click();

  await list.evaluate((element) => {
    element.scrollTo({ top: 2_000 });
  });
  await taskflow.createMany(Array.from({ length: 37 }, (_, number) => ({ title: `Late ${number}`, queue: "nobody" })));
  const pill = page.getByRole("button", { name: "37 new" });
  await expect(pill).toBeVisible();
  await pill.click();
  await expect(page.getByRole("checkbox", { name: "Select Late 36", exact: true })).toBeVisible();
});
