import type { Locator, Page } from "@playwright/test";
import { type Exception, expectAccessible } from "./support/axe";
import { expect, keyword, test } from "./support/test";

async function open(page: Page): Promise<void> {
  await page.goto("/graphql");
  await expect(page.getByRole("tab")).toHaveCount(3);
  await expect(keyword(page)).toBeVisible();
}

const answer = (page: Page): Locator => page.locator(".graphiql-response");
const execute = (page: Page): Locator => page.getByRole("button", { name: /Execute query/ });
const stop = (page: Page): Locator => page.getByRole("button", { name: /Stop query/ });

/** At once: as fast as a hand can't. */
async function run(page: Page, tab: string): Promise<void> {
  await page.getByRole("tab", { name: tab }).click();
  await execute(page).click();
}

const tell = async (page: Page, message: string): Promise<void> => {
  const headers = { "content-type": "application/json" };
  await page.request.post("/tasks", { headers, data: { title: "Heard of", payload: { message } } });
};

/** Told again until it is heard: a subscription hears nothing of what came before the server had it. */
const isHeard = (page: Page, message: string): Promise<void> =>
  expect(async () => {
    await tell(page, message);
    await expect(answer(page)).toContainText(message, { timeout: 1_000 });
  }).toPass();

test("a browser at /graphql gets GraphiQL, and each tab runs its own operation, even right after it was chosen", async ({
  page,
  taskflow,
}) => {
  await open(page);
  await expect(page).toHaveTitle("GraphiQL · TaskFlow");
  await run(page, "List");
  await expect(answer(page)).toContainText('"hasNextPage": false');
  await run(page, "Watch");
  await expect(stop(page)).toBeVisible();
  await isHeard(page, "over the socket");
  await run(page, "Create");
  await expect(answer(page)).toContainText('"created": true');
  await taskflow.settled();
});

test("a subscription is stopped by its button, and by leaving its tab", async ({ page }) => {
  const frames: string[] = [];
  page.on("websocket", (socket) => socket.on("framesent", ({ payload }) => frames.push(String(payload))));
  const completed = (): number => frames.filter((frame) => frame.includes('"complete"')).length;
  await open(page);
  await run(page, "Watch");
  await isHeard(page, "before the stop");
  await stop(page).click();
  await expect(execute(page)).toBeVisible();
  await expect.poll(completed).toBe(1);
  await tell(page, "after the stop");
  await execute(page).click();
  await isHeard(page, "after the start");
  await page.getByRole("tab", { name: "List" }).click();
  await expect.poll(completed).toBe(2);
  await expect(execute(page)).toBeVisible();
});

test("GraphiQL and its editors follow the system's theme, or the one that was chosen in the dashboard", async ({
  page,
}) => {
  const colours = (): Promise<readonly string[]> =>
    keyword(page).evaluate((word) => {
      const container = word.closest(".graphiql-container");
      return [word, container ?? word]
        .map((one) => getComputedStyle(one))
        .map((one) => `${one.color} on ${one.backgroundColor}`);
    });
  await page.emulateMedia({ colorScheme: "dark" });
  await open(page);
  const dark = await colours();
  await page.emulateMedia({ colorScheme: "light" });
  await expect.poll(async () => (await colours()).map((one, n) => one === dark[n])).toEqual([false, false]);
  const light = await colours();
  await page.emulateMedia({ colorScheme: "dark" });
  await expect.poll(colours).toEqual(dark);
  await page.evaluate(() => localStorage.setItem("mantine-color-scheme-value", "light"));
  await open(page);
  expect(await colours()).toEqual(light);
});

/** What belongs to GraphiQL's widgets and can't be changed from here; each only for the rule that it breaks. */
const NOT_OURS: readonly Exception[] = [
  // A tab is an li with role=tab around the button that chooses it and the one that closes it.
  ["nested-interactive", ".graphiql-tab"],
  // An entry of the history is named "Set active", not by the operation that it shows.
  ["label-content-name-mismatch", ".graphiql-history-item-label"],
];

test("axe finds nothing of ours in GraphiQL, in either theme and with each of its parts open", async ({ page }) => {
  await page.emulateMedia({ colorScheme: "light", reducedMotion: "reduce" });
  await open(page);
  await expect(page.getByRole("tab").first().locator("title")).toHaveText("close icon");
  await expectAccessible(page, "graphiql", NOT_OURS);
  await run(page, "List");
  await expect(answer(page)).toContainText('"hasNextPage": false');
  await expectAccessible(page, "graphiql-answer", NOT_OURS);
  await page.getByRole("button", { name: "Show Documentation Explorer" }).click();
  await expect(page.getByRole("link", { name: "TaskStatus", exact: true })).toBeVisible();
  await expectAccessible(page, "graphiql-docs", NOT_OURS);
  await page.getByRole("link", { name: "Mutation", exact: true }).click();
  await expect(page.getByRole("link", { name: "CreateTaskInput" }).first()).toBeVisible();
  await expectAccessible(page, "graphiql-type", NOT_OURS);
  await page.getByRole("button", { name: "Show History" }).click();
  await expect(page.getByText("List", { exact: true }).first()).toBeVisible();
  await expectAccessible(page, "graphiql-history", NOT_OURS);
  await page.getByRole("button", { name: "Open settings dialog" }).click();
  await expect(page.getByRole("dialog")).toBeVisible();
  await expectAccessible(page, "graphiql-settings", NOT_OURS);
});

test.describe(() => {
  test.use({ allowed: /Failed to load|net::ERR_FAILED|fetch dynamically|preload/ });

  test("a part of GraphiQL that can't be loaded is reported, with a button that reloads the page", async ({ page }) => {
    await page.route("**/assets/monaco-editor-*.js", (route) => route.abort());
    await page.goto("/graphql");
    const notice = page.getByRole("alert").filter({ hasText: "A part of GraphiQL could not be loaded" });
    await expect(notice).toBeVisible();
    await expectAccessible(page, "graphiql-not-loaded", NOT_OURS);
    await page.unrouteAll();
    await notice.getByRole("button", { name: "Reload" }).click();
    await expect(keyword(page)).toBeVisible();
    await expect(notice).toBeHidden();
  });
});

test("an address with an operation opens it, in a tab of its own, on the first visit and later", async ({ page }) => {
  const search = new URLSearchParams({
    query: "query One($count: Int) { tasks(first: $count) { totalCount } } query Two { stats { total } }",
    variables: '{"count": 1}',
    operationName: "Two",
  });
  for (const visit of ["first", "second"]) {
    await page.goto(`/graphql?${search.toString()}`);
    await expect(page.locator(".graphiql-query-editor"), visit).toContainText("query One");
    await expect(page.locator(".graphiql-editor-tool").first(), visit).toContainText('"count"');
    await expect(page.getByRole("tab")).toHaveCount(4);
  }
  await execute(page).click();
  await expect(answer(page)).toContainText('"stats"');
});
