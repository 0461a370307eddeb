import { PREFIX } from "./support/server";
import { expect, isLive, keyword, row, test } from "./support/test";

test.use({ instance: "prefix", isMounted: true });

/** What was asked for outside of the prefix, over HTTP or as a socket. */
let strays: string[];

test.beforeEach(({ page }) => {
  strays = [];
  const note = (address: string): void => {
    const { protocol, pathname } = new URL(address);
    if (/^(http|ws)/.test(protocol) && !pathname.startsWith(`${PREFIX}/`)) strays.push(pathname);
  };
  page.on("request", (request) => note(request.url()));
  page.on("websocket", (socket) => note(socket.url()));
});

test.afterEach(() => expect(strays, "nothing is asked for outside of the prefix").toEqual([]));

test("under a prefix the list is live, and its links and keys stay under it", async ({ page, taskflow }) => {
  await page.goto(`${PREFIX}/`);
  await isLive(page);
  await taskflow.create({ title: "Under a prefix", payload: { message: "here" } });
  const line = row(page, "Under a prefix");
  await expect(line.getByText("Done")).toBeVisible();
  await expect(page.getByRole("link", { name: "Under a prefix" }).last()).toHaveAttribute("href", /^\/jobs\/task\//);
  await page.getByRole("tab", { name: /Done/ }).click();
  await expect(page).toHaveURL(`${PREFIX}/?status=DONE`);
  await line.getByRole("link").click();
  await expect(page).toHaveURL(/\/jobs\/task\/[0-9a-f-]{36}$/);
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Under a prefix");
  await page.keyboard.press("g");
  await page.keyboard.press("o");
  await expect(page).toHaveURL(`${PREFIX}/overview`);
});

test("under a prefix a task's page opens with its files and fonts, and the form creates a task", async ({
  page,
  taskflow,
}) => {
  const id = await taskflow.create({ title: "Linked from far", queue: "nobody" });
  await page.goto(`${PREFIX}/task/${id}`);
  await isLive(page);
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Linked from far");
  expect(await page.evaluate(() => document.fonts.check("16px 'Geist Variable'"))).toBe(true);
  await page.screenshot({ path: "screenshots/prefix-task.png" });
  await page.goto(`${PREFIX}/new`);
  await page.getByRole("textbox", { name: "Title" }).fill("Made under a prefix");
  await page.getByRole("button", { name: "Create task" }).click();
  await expect(page).toHaveURL(/\/jobs\/task\/[0-9a-f-]{36}$/);
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Made under a prefix");
});

test("under a prefix GraphiQL runs queries and subscriptions, and links back to the list", async ({ page }) => {
  await page.goto(`${PREFIX}/overview`);
  await page.getByRole("link", { name: "GraphiQL" }).click();
  await expect(page).toHaveURL(`${PREFIX}/graphql`);
  const answer = page.locator(".graphiql-response");
  await expect(keyword(page)).toBeVisible();
  await page.getByRole("tab", { name: "Watch" }).click();
  await page.getByRole("button", { name: /Execute query/ }).click();
  await expect(page.getByRole("button", { name: /Stop query/ })).toBeVisible();
  const data = { title: "Heard of", payload: { message: "over the socket" } };
  await expect(async () => {
    await page.request.post(`${PREFIX}/tasks`, { data });
    await expect(answer).toContainText("over the socket", { timeout: 1_000 });
  }).toPass();
  await page.getByRole("link", { name: "TaskFlow" }).click();
  await expect(page).toHaveURL(`${PREFIX}/`);
  await expect(row(page, "Heard of").first()).toBeVisible();
});
