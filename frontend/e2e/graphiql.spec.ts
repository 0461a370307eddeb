import { AxeBuilder } from "@axe-core/playwright";
import type { Locator, Page } from "@playwright/test";
import { expect, test } from "./support/test";

test.use({ instance: "graphiql" });

const keyword = (page: Page): Locator => page.locator(".graphiql-query-editor").getByText("mutation", { exact: true });

/** Until the editor has coloured what stands in it: then the keyword is a word of its own. */
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

test("a browser at /graphql gets the IDE: each tab runs its own operation, also right after it was chosen", async ({
  page,
  taskflow,
}) => {
  await open(page);
  await expect(page).toHaveTitle("GraphiQL · TaskFlow");
  await run(page, "List");
  await expect(answer(page)).toContainText('"hasNextPage": false');
  await run(page, "Watch");
  await expect(stop(page)).toBeVisible();
  await tell(page, "over the socket");
  await expect(answer(page)).toContainText("over the socket");
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
  await tell(page, "before the stop");
  await expect(answer(page)).toContainText("before the stop");
  await stop(page).click();
  await expect(execute(page)).toBeVisible();
  await expect.poll(completed).toBe(1);
  await tell(page, "after the stop");
  await execute(page).click();
  await tell(page, "after the start");
  await expect(answer(page)).toContainText("after the start");
  await page.getByRole("tab", { name: "List" }).click();
  await expect.poll(completed).toBe(2);
  await expect(execute(page)).toBeVisible();
});

test("it is dark when the system is, and changes with it, the editors too", async ({ page }) => {
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
const NOT_OURS: readonly (readonly [rule: string, selector: string])[] = [
  // A tab is an li with role=tab around the button that chooses it and the one that closes it.
  ["nested-interactive", ".graphiql-tab"],
  // An entry of the history is named "Set active", not by the operation that it shows.
  ["label-content-name-mismatch", ".graphiql-history-item-label"],
];

async function complaints(page: Page): Promise<readonly string[]> {
  const { violations } = await new AxeBuilder({ page })
    .withTags(["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"])
    .analyze();
  const found = violations.flatMap(({ id, nodes }) =>
    nodes.map(({ target, html }) => ({ id, target: target.join(" "), html })),
  );
  const ours = [];
  for (const one of found) {
    const selectors = NOT_OURS.filter(([rule]) => rule === one.id).map(([, selector]) => selector);
    const isNotOurs = await page
      .locator(one.target)
      .first()
      .evaluate((element, list) => list.some((selector) => element.matches(selector)), selectors);
    if (!isNotOurs) ours.push(`${one.id}: ${one.html}`);
  }
  return ours;
}

for (const scheme of ["light", "dark"] as const) {
  test(`axe finds nothing of ours in ${scheme}`, async ({ page }) => {
    await page.emulateMedia({ colorScheme: scheme, reducedMotion: "reduce" });
    await open(page);
    await page.screenshot({ path: `screenshots/graphiql-${scheme}.png` });
    await expect(page.getByRole("tab").first().locator("title")).toHaveText("close icon");
    expect(await complaints(page), "at the start").toEqual([]);
    await run(page, "List");
    await expect(answer(page)).toContainText('"hasNextPage": false');
    expect(await complaints(page), "with an answer").toEqual([]);
    await page.getByRole("button", { name: "Show Documentation Explorer" }).click();
    await expect(page.getByRole("link", { name: "TaskStatus", exact: true })).toBeVisible();
    await page.screenshot({ path: `screenshots/graphiql-docs-${scheme}.png` });
    expect(await complaints(page), "with the documentation").toEqual([]);
    await page.getByRole("link", { name: "Mutation", exact: true }).click();
    await expect(page.getByRole("link", { name: "CreateTaskInput" }).first()).toBeVisible();
    expect(await complaints(page), "with a type's documentation").toEqual([]);
    await page.getByRole("button", { name: "Show History" }).click();
    await expect(page.getByText("List", { exact: true }).first()).toBeVisible();
    expect(await complaints(page), "with the history").toEqual([]);
    await page.getByRole("button", { name: "Open settings dialog" }).click();
    await expect(page.getByRole("dialog")).toBeVisible();
    expect(await complaints(page), "with the settings").toEqual([]);
  });
}

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
