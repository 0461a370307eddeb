import { expect, isLive, row, test } from "./support/test";

test("a task created elsewhere appears, is updated and has a toast, without a reload", async ({ page, taskflow }) => {
  await page.goto("/");
  await isLive(page);
  const id = await taskflow.create({ title: "Resize portraits", kind: "progress", payload: { images: 4, seconds: 1 } });
  const line = row(page, "Resize portraits");
  await expect(line.getByText("Running")).toBeVisible();
  await expect(line.getByText(/resizing image 3 of 4/)).toBeVisible();
  await expect(line.getByText("Done")).toBeVisible();
  const toast = page.getByRole("status").filter({ hasText: "Resize portraits" });
  await expect(toast.getByText("Done")).toBeVisible();
  await toast.getByRole("link", { name: "Resize portraits" }).click();
  await expect(page).toHaveURL(new RegExp(`/task/${id}$`));
});

test("many changes at once share one toast that counts them", async ({ page, taskflow }) => {
  await page.goto("/");
  await isLive(page);
  await taskflow.createMany(
    Array.from({ length: 40 }, (_, n) => ({ title: `Mail ${n}`, payload: { message: "sent" } })),
  );
  await expect(page.getByRole("status").filter({ hasText: /40 tasks done.*40 created/ })).toBeVisible();
  await taskflow.settled();
});

test("tabs show their counts, and each filter is a step in the browser's history", async ({ page, taskflow }) => {
  await taskflow.create({ title: "No letter", payload: {} });
  await taskflow.settled();
  await page.goto("/");
  const failed = page.getByRole("tab", { name: /Failed/ });
  await expect(failed).toContainText(/[1-9]/);
  await failed.click();
  await expect(page).toHaveURL("/?status=FAILED");
  await expect(row(page, "No letter")).toBeVisible();
  await page.getByRole("searchbox").fill("nowhere");
  await expect(page.getByRole("heading", { name: "No task passes this filter" })).toBeVisible();
  await expect(page).toHaveURL("/?status=FAILED&q=nowhere");
  await page.getByRole("button", { name: "Clear the filter" }).click();
  await expect(page).toHaveURL("/");
  await page.goBack();
  await expect(page).toHaveURL("/?status=FAILED&q=nowhere");
  await expect(page.getByRole("searchbox")).toHaveValue("nowhere");
  await page.goBack();
  await expect(page.getByRole("tab", { name: /All/ })).toHaveAttribute("aria-selected", "true");
  await page.goForward();
  await expect(page.getByRole("heading", { name: "No task passes this filter" })).toBeVisible();
});

test("a link with a filter, an order and a peek opens the list with them", async ({ page, taskflow }) => {
  const id = await taskflow.create({ title: "Linked", kind: "flaky", payload: { failures: 0 } });
  await taskflow.settled();
  await page.goto(`/?status=DONE&kind=flaky&q=Linked&sort=oldest&peek=${id}`);
  await expect(page.getByRole("tab", { name: /Done/ })).toHaveAttribute("aria-selected", "true");
  await expect(page.getByRole("columnheader", { name: "Created" })).toHaveAttribute("aria-sort", "ascending");
  await expect(
    page.getByRole("complementary", { name: "Peek" }).getByRole("heading", { name: "Linked" }),
  ).toBeVisible();
  await expect(page.getByRole("row")).toHaveCount(2);
});

test("unknown values are removed from the address", async ({ page, taskflow }) => {
  await taskflow.create({ title: "Here all the same", payload: { message: "here" } });
  for (const address of ["/?range=toString&sort=x", "/?from=soon&to=%2B275760-09-13", "/?status=LATE"]) {
    await page.goto(address);
    await expect(row(page, "Here all the same")).toBeVisible();
    await expect(page).toHaveURL("/");
  }
  await page.goto("/overview?span=forever");
  await expect(page.getByRole("link", { name: "1 h" })).toHaveAttribute("aria-current", "page");
  await expect(page).toHaveURL("/overview");
});

test("the filter suggests every kind, even one that the list does not show", async ({ page, taskflow }) => {
  await taskflow.create({ title: "Rare", kind: "seldom", queue: "nobody" });
  await page.goto("/?q=nowhere");
  await page
    .getByRole("combobox", { name: "Kind" })
    .or(page.getByRole("textbox", { name: "Kind" }))
    .click();
  await page.getByRole("option", { name: "seldom" }).click();
  await expect(page).toHaveURL("/?q=nowhere&kind=seldom");
  await page.getByRole("searchbox").fill("");
  await expect(row(page, "Rare")).toBeVisible();
});

test("the search field keeps the focus while its text is typed, and the active row stays active", async ({
  page,
  taskflow,
}) => {
  await taskflow.create({ title: "Kept in sight", queue: "nobody" });
  await page.goto("/?q=Kept");
  await expect(row(page, "Kept in sight")).toBeVisible();
  await page.keyboard.press("j");
  await expect(row(page, "Kept in sight")).toBeFocused();
  await page.keyboard.press("/");
  await page.keyboard.type("Kept in");
  await expect(page).toHaveURL("/?q=Kept+in");
  await expect(row(page, "Kept in sight")).toHaveAttribute("data-active");
  await expect(page.getByRole("searchbox")).toBeFocused();
});

test("a time range is kept in the address", async ({ page, taskflow }) => {
  await taskflow.create({ title: "Of this hour", payload: { message: "now" } });
  await page.goto("/");
  await page.getByRole("button", { name: "Created: Any time" }).click();
  await page.getByRole("button", { name: "Last hour" }).click();
  await expect(page).toHaveURL("/?range=1h");
  await expect(row(page, "Of this hour")).toBeVisible();
});

test("the selected tasks are retried, and the outcome of each is listed", async ({ page, taskflow }) => {
  for (const number of [1, 2, 3]) await taskflow.create({ title: `Broken ${number}`, payload: {} });
  await taskflow.create({ title: "Broken not", payload: { message: "well" } });
  await taskflow.settled();
  await page.goto("/?q=Broken");
  await page.getByRole("checkbox", { name: "Select Broken not" }).click();
  await page.getByRole("checkbox", { name: "Select Broken 1" }).click({ modifiers: ["Shift"] });
  await expect(page.getByRole("region", { name: "Selection" })).toContainText("4 tasks selected");
  await page.getByRole("button", { name: "Retry selected" }).click();
  const outcome = page.getByRole("dialog");
  await expect(outcome).toContainText("3 tasks retried");
  await expect(outcome).toContainText("1 task refused");
  await expect(outcome.getByRole("row").filter({ hasText: "Broken not" })).toContainText(/DONE/);
  await outcome.getByRole("button", { name: "Close" }).last().click();
  await taskflow.settled();
  await expect(page.getByRole("row").filter({ hasText: "Broken 2" }).getByText("Failed")).toBeVisible();
  await page.keyboard.press("c");
  await expect(outcome).toContainText("4 tasks refused");
  await expect(page.getByRole("alert")).toBeHidden();
});

test("every action of the list works by keyboard", async ({ page, taskflow }) => {
  const parked = await taskflow.create({ title: "Parked", queue: "nobody" });
  await page.goto(`/?queue=nobody&q=${parked}`);
  await expect(row(page, "Parked")).toBeVisible();
  await page.keyboard.press("j");
  await page.keyboard.press("Space");
  await expect(page.getByRole("complementary", { name: "Peek" })).toBeVisible();
  await page.keyboard.press("Escape");
  await expect(page.getByRole("complementary", { name: "Peek" })).toBeHidden();
  await page.keyboard.press("c");
  await expect(row(page, "Parked").getByText("Cancelled")).toBeVisible();
  await page.keyboard.press("r");
  await expect(row(page, "Parked").getByText("Pending")).toBeVisible();
  await page.keyboard.press("x");
  await expect(page.getByRole("checkbox", { name: "Select Parked" })).toBeChecked();
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(new RegExp(`/task/${parked}$`));
  await page.keyboard.press("g");
  await page.keyboard.press("t");
  await expect(page).toHaveURL("/");
  await page.keyboard.press("/");
  await expect(page.getByRole("searchbox")).toBeFocused();
  await page.keyboard.press("Escape");
  await page.keyboard.press("?");
  await expect(page.getByRole("dialog", { name: "Keyboard shortcuts" })).toBeVisible();
  await page.keyboard.press("Escape");
  await page.keyboard.press("Control+k");
  await expect(page.getByRole("textbox", { name: "Command" })).toBeFocused();
  await page.keyboard.type(parked);
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(new RegExp(`/task/${parked}$`));
  await expect(page.getByRole("textbox", { name: "Command" })).toBeHidden();
  await page.keyboard.press("n");
  await expect(page.getByRole("dialog", { name: "New task" })).toBeVisible();
  await page.keyboard.press("Escape");
  await expect(page.getByRole("dialog")).toBeHidden();
  await page.keyboard.press("g");
  await page.keyboard.press("o");
  await expect(page).toHaveURL("/overview");
});

test("a key cancels the task on its page, and going back focuses its row in the list", async ({ page, taskflow }) => {
  for (const number of [1, 2, 3]) await taskflow.create({ title: `Shelf ${number}`, queue: "shelf" });
  await page.goto("/?queue=shelf");
  await expect(row(page, "Shelf 1")).toBeVisible();
  await page.keyboard.press("j");
  await page.keyboard.press("j");
  await page.keyboard.press("Enter");
  await expect(page.getByRole("heading", { name: "Shelf 2" })).toBeVisible();
  await page.keyboard.press("c");
  await expect(page.getByRole("button", { name: "Retry" })).toBeEnabled();
  await expect(page.getByRole("button", { name: "Cancel" })).toBeDisabled();
  await page.goBack();
  await expect(row(page, "Shelf 2")).toBeFocused();
  await page.keyboard.press("j");
  await expect(row(page, "Shelf 1")).toBeFocused();
});

test("the first Tab focuses the skip link, and every focused element is marked", async ({ page }) => {
  await page.goto("/");
  await isLive(page);
  await page.keyboard.press("Tab");
  await expect(page.getByRole("link", { name: "Skip to the page" })).toBeFocused();
  for (let stop = 0; stop < 14; stop++) {
    await page.keyboard.press("Tab");
    const outline = await page.evaluate(() => {
      const focused = document.activeElement;
      if (!focused || focused === document.body) return "nothing";
      const ring = (element: Element): boolean => {
        const { outlineStyle, boxShadow, borderColor } = getComputedStyle(element);
        return outlineStyle !== "none" || boxShadow !== "none" || borderColor !== "";
      };
      return ring(focused) ? "seen" : "unseen";
    });
    expect(outline).toBe("seen");
  }
});

test("times are shown relative or in UTC by one switch, and a reload keeps the choice", async ({ page, taskflow }) => {
  const id = await taskflow.create({ title: "At its time", payload: { message: "now" } });
  await page.goto(`/?q=${id}`);
  await expect(page.locator("tbody time")).toContainText(/ago|just now/);
  await page.getByRole("button", { name: "Preferences" }).click();
  await page.getByText("UTC", { exact: true }).click();
  await expect(page.locator("tbody time")).toHaveText(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/);
  await page.reload();
  await expect(page.locator("tbody time")).toHaveText(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/);
});
