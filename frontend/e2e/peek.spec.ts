import { expect, isLive, row, test } from "./support/test";

test.use({ instance: "peek" });

test("the peek shows every digit, and comes right after its row by Tab", async ({ page, taskflow }) => {
  const body = '{"title": "Digits", "queue": "nobody", "payload": {"big": 9223372036854775807, "zero": -0.0}}';
  const headers = { "content-type": "application/json" };
  for (const title of ["Older", "Digits", "Newer"]) {
    const data = Buffer.from(body.replace("Digits", title));
    expect((await page.request.post(`${taskflow.url}/tasks`, { headers, data })).status()).toBe(201);
  }
  await page.goto("/?queue=nobody");
  await row(page, "Digits").getByText("nobody").click();
  const peek = page.getByRole("complementary", { name: "Peek" });
  await expect(peek).toContainText('"big": 9223372036854775807');
  await expect(peek).toContainText('"zero": -0.0');

  await page.getByRole("link", { name: "Digits", exact: true }).focus();
  await page.keyboard.press("Tab");
  await expect(peek.getByRole("button", { name: "Close the peek" })).toBeFocused();
  await page.keyboard.press("Shift+Tab");
  await expect(page.getByRole("link", { name: "Digits", exact: true })).toBeFocused();
  await peek.locator("pre").last().focus();
  await page.keyboard.press("Tab");
  await expect(page.getByRole("checkbox", { name: "Select Older" })).toBeFocused();
  await page.keyboard.press("Shift+Tab");
  await expect(peek.locator("pre").last()).toBeFocused();
});

test("what is edited and submitted again keeps every digit", async ({ page, taskflow }) => {
  const data = Buffer.from(
    '{"title": "Exact", "queue": "nobody", "payload": {"big": 18446744073709551615, "zero": -0.0}}',
  );
  const made = await page.request.post(`${taskflow.url}/tasks`, {
    headers: { "content-type": "application/json" },
    data,
  });
  const { task_id: id } = (await made.json()) as { readonly task_id: string };
  await page.goto(`/new?from=${id}`);
  await expect(page.getByRole("textbox", { name: "Payload" })).toHaveValue(/18446744073709551615,\n.*-0\.0/);
  await page.getByRole("button", { name: "Create task" }).click();
  await expect(page).toHaveURL(/\/task\//);
  const again = await page.request.get(`${taskflow.url}/tasks/${page.url().split("/").at(-1) ?? ""}`);
  expect(await again.text()).toContain('{"big":18446744073709551615,"zero":-0.0}');
});

test("a draft is there again, however the dialog was left, until it is sent", async ({ page }) => {
  await page.goto("/");
  await isLive(page);
  const dialog = page.getByRole("dialog", { name: "New task" });
  const open = async (): Promise<void> => {
    await page.keyboard.press("n");
    await expect(dialog).toBeVisible();
  };
  const leave = [
    () => page.keyboard.press("Escape"),
    () => dialog.getByRole("button", { name: "Close", exact: true }).click(),
    () => page.mouse.click(5, 400),
  ];
  await open();
  await dialog.getByLabel("Title").fill("Half a title");
  await dialog.getByRole("textbox", { name: "Payload" }).fill('{"message": "half');
  for (const by of leave) {
    await by();
    await expect(dialog).toBeHidden();
    await open();
    await expect(dialog.getByLabel("Title")).toHaveValue("Half a title");
    await expect(dialog.getByRole("textbox", { name: "Payload" })).toHaveValue('{"message": "half');
  }
  await dialog.getByRole("button", { name: "Clear" }).click();
  await expect(dialog.getByLabel("Title")).toHaveValue("");
  await dialog.getByLabel("Title").fill("Whole");
  await dialog.getByRole("button", { name: "Create task" }).click();
  await expect(page.getByRole("heading", { level: 1, name: "Whole" })).toBeVisible();
  await open();
  await expect(dialog.getByLabel("Title")).toHaveValue("");
});
