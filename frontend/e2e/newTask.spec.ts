import { expect, isLive, test } from "./support/test";

test("a task is created from the form, and its page shows it to the end", async ({ page }) => {
  await page.goto("/new");
  await page.getByLabel("Title").fill("Resize album");
  await page.getByLabel("Kind").first().fill("progress");
  await page.getByRole("textbox", { name: "Payload" }).fill('{"images": 2, "seconds": 0.1}');
  await page.getByRole("button", { name: "Format" }).click();
  await expect(page.getByRole("textbox", { name: "Payload" })).toHaveValue('{\n  "images": 2,\n  "seconds": 0.1\n}');
  await page.getByRole("button", { name: "Create task" }).click();
  await expect(page).toHaveURL(/\/task\/[0-9a-f-]{36}$/);
  await expect(page.getByText("resized 2 images").first()).toBeVisible();
});

test("a syntax error in the payload is shown with its line, and nothing is sent", async ({ page }) => {
  await page.goto("/new");
  await page.getByLabel("Title").fill("Broken");
  await page.getByRole("textbox", { name: "Payload" }).fill('{\n  "a": 1\n  "b": 2\n}');
  await expect(page.getByText("Line 3, column 3: A comma or } is expected here")).toBeVisible();
  await page.getByRole("button", { name: "Create task" }).click();
  await expect(page.getByRole("textbox", { name: "Payload" })).toBeFocused();
  await expect(page).toHaveURL("/new");
});

test("what the API refuses is shown at its fields", async ({ page }) => {
  await page.goto("/new");
  await page.getByLabel("Title").fill("Refused");
  await page.getByLabel("Kind").first().fill("not a kind!");
  await page.getByLabel("Queue").first().fill("-");
  await page.getByRole("button", { name: "Create task" }).click();
  await expect(page.getByLabel("Kind").first()).toHaveAttribute("aria-invalid", "true");
  await expect(page.getByText(/It takes 1 to 100 letters, digits/)).toHaveCount(2);
  await expect(page.getByLabel("Kind").first()).toBeFocused();
});

test.describe(() => {
  test.use({ allowed: /status of 502/ });

  test("a form that is sent again after a lost answer creates no second task", async ({ page, taskflow }) => {
    await page.goto("/new");
    await page.getByLabel("Title").fill("Once only");
    await page.getByRole("textbox", { name: "Payload" }).fill('{"message": "once", "id": 9007199254740993}');
    let lost = false;
    await page.route("**/graphql", async (route) => {
      if (lost || !route.request().postData()?.includes("createTask")) return route.fallback();
      lost = true;
      await route.fetch();
      return route.fulfill({ status: 502, body: "" });
    });
    await page.getByRole("button", { name: "Create task" }).click();
    await expect(page.getByRole("alert")).toContainText("It was not created");
    await page.getByRole("button", { name: "Create task" }).click();
    await expect(page).toHaveURL(/\/task\//);
    await expect(page.getByRole("region", { name: "Payload", exact: true })).toContainText("9007199254740993");
    const response = await page.request.get(`${taskflow.url}/tasks?q=Once%20only`);
    expect(((await response.json()) as unknown[]).length).toBe(1);
  });
});

test("a task is edited and submitted as a new one", async ({ page, taskflow }) => {
  const id = await taskflow.create({ title: "Again", kind: "flaky", payload: { failures: 0 }, maxAttempts: 7 });
  await page.goto(`/task/${id}`);
  await page.getByRole("link", { name: "Edit and resubmit" }).click();
  await expect(page).toHaveURL(`/new?from=${id}`);
  await expect(page.getByLabel("Title")).toHaveValue("Again");
  await expect(page.getByLabel("Attempts")).toHaveValue("7");
  await page.getByLabel("Title").fill("Again, edited");
  await page.getByRole("button", { name: "Create task" }).click();
  await expect(page.getByRole("heading", { level: 1, name: "Again, edited" })).toBeVisible();
});

test("by keyboard alone, n opens the form and Ctrl+Enter sends it", async ({ page }) => {
  await page.goto("/");
  await isLive(page);
  await page.keyboard.press("n");
  const dialog = page.getByRole("dialog", { name: "New task" });
  await expect(dialog.getByLabel("Title")).toBeFocused();
  await page.keyboard.type("By keyboard");
  await page.keyboard.press("Control+Enter");
  await expect(dialog).toBeHidden();
  await expect(page.getByRole("heading", { level: 1, name: "By keyboard" })).toBeVisible();
});

test("the command palette opens the form for a new task", async ({ page }) => {
  await page.goto("/");
  await isLive(page);
  await page.keyboard.press("Control+k");
  await page.getByRole("textbox", { name: "Command" }).fill("New task");
  await page.getByRole("button", { name: "New task", exact: true }).click();
  await expect(page.getByRole("dialog", { name: "New task" })).toBeVisible();
  await page.keyboard.press("Escape");
  await expect(page.getByRole("dialog", { name: "New task" })).toBeHidden();
});
