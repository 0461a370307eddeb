import type { Page } from "@playwright/test";
import { expect, test } from "./support/test";

test.use({ instance: "graphiql" });

async function run(page: Page, tab: string): Promise<void> {
  await page.getByRole("tab", { name: tab }).click();
  const button = page.getByRole("button", { name: /Execute query/ });
  await expect(page.locator(".graphiql-query-editor")).toContainText(tab);
  await page.waitForFunction(() =>
    document.querySelector(".graphiql-query-editor .mtk1, .graphiql-query-editor [class^=mtk]"),
  );
  await page.waitForTimeout(600); // the IDE takes the operation's name from the text after a pause of its own
  await button.click();
}

test("a browser at /graphql gets the IDE: operations ready to run, a subscription that hears of it", async ({
  page,
}) => {
  await page.goto("/graphql");
  await expect(page).toHaveTitle("GraphiQL · TaskFlow");
  const answer = page.locator(".graphiql-response");
  await run(page, "Create");
  await expect(answer).toContainText('"created": true');
  await run(page, "List");
  await expect(answer).toContainText('"hasNextPage": false');
  await run(page, "Watch");
  await expect(page.getByRole("button", { name: /Stop/ })).toBeVisible();
  const headers = { "content-type": "application/json" };
  const data = { title: "Heard of", payload: { message: "over the socket" } };
  await page.request.post("/tasks", { headers, data });
  await expect(answer).toContainText("over the socket");
});

test("it is dark when the system is", async ({ page }) => {
  const background = (): Promise<string> =>
    page.locator(".graphiql-container").evaluate((element) => getComputedStyle(element).backgroundColor);
  await page.emulateMedia({ colorScheme: "dark" });
  await page.goto("/graphql");
  await expect(page.locator(".graphiql-container")).toBeVisible();
  const dark = await background();
  await page.emulateMedia({ colorScheme: "light" });
  await page.reload();
  await expect(page.locator(".graphiql-container")).toBeVisible();
  expect(await background()).not.toBe(dark);
});
