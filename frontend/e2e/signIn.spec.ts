/** A process that takes nobody without a token: signing in and out, roles, a token that is withdrawn. */
import type { Page } from "@playwright/test";
import { expectAccessible } from "./support/axe";
import { TOKENS, TRACES } from "./support/server";
import { expect, isLive, keyword, row, test } from "./support/test";

test.use({ instance: "guarded", isGuarded: true, allowed: /401|WebSocket/ });

async function signIn(page: Page, token: string, isKept = false): Promise<void> {
  await page.getByLabel("Token").fill(token);
  if (isKept) await page.getByRole("checkbox", { name: /Keep it for this tab/ }).check();
  await page.getByRole("button", { name: "Sign in" }).click();
}

async function runsAnOperation(page: Page): Promise<void> {
  await expect(keyword(page)).toBeVisible();
  await page.getByRole("tab", { name: "List" }).click();
  await page.getByRole("button", { name: /Execute query/ }).click();
  await expect(page.locator(".graphiql-response")).toContainText('"hasNextPage"');
}

test("without a token there is the sign-in page and no data, and the address stays", async ({ page, taskflow }) => {
  const id = await taskflow.create({ title: "Confidential", queue: "nobody" });
  const answers: string[] = [];
  page.on("response", (response) => {
    if (response.url().endsWith("/graphql"))
      void response.text().then(
        (text) => answers.push(text),
        () => undefined,
      );
  });
  await page.goto(`/task/${id}`);
  await expect(page.getByRole("heading", { name: "Sign in to TaskFlow" })).toBeVisible();
  await expect(page.getByLabel("Token")).toBeFocused();
  expect(answers.join()).not.toContain("Confidential");
  await expectAccessible(page, "sign-in");

  await signIn(page, "0123456789-wrong");
  await expect(page.getByRole("alert")).toHaveText("The API knows no such token.");
  await signIn(page, "two words");
  await expect(page.getByRole("alert")).toContainText("no space");
  await signIn(page, TOKENS.adam);
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Confidential");
  await expect(page).toHaveURL(`/task/${id}`);
  await isLive(page);
  expect(await page.evaluate(() => JSON.stringify([localStorage, sessionStorage]))).not.toContain(TOKENS.adam);
  await page.reload();
  await expect(page.getByLabel("Token")).toBeVisible();
});

test("a token that is kept for the tab lasts over a reload and in GraphiQL; signing out forgets it", async ({
  page,
}) => {
  await page.goto("/queues");
  await signIn(page, TOKENS.olga, true);
  await expect(page.getByRole("heading", { level: 1, name: "Queues" })).toBeVisible();
  await page.reload();
  await isLive(page);
  expect(await page.evaluate(() => JSON.stringify(localStorage))).not.toContain(TOKENS.olga);
  await page.goto("/graphql");
  await runsAnOperation(page);
  await page.goto("/queues");
  await page.getByRole("button", { name: "Preferences" }).click();
  await expect(page.getByText("Signed in as olga · operator")).toBeVisible();
  await page.getByRole("button", { name: "Sign out" }).click();
  await expect(page.getByText("You have signed out.")).toBeVisible();
  await page.reload();
  await expect(page.getByLabel("Token")).toBeVisible();
});

test("GraphiQL asks for a token by itself", async ({ page }) => {
  await page.goto("/graphql");
  await signIn(page, TOKENS.vera);
  await runsAnOperation(page);
});

test("a viewer may not press what changes anything, by mouse or by key, and is told which role it takes", async ({
  page,
  taskflow,
}) => {
  await taskflow.create({ title: "Only to look at", queue: "nobody" });
  await page.goto("/?queue=nobody&q=look");
  await signIn(page, TOKENS.vera);
  await isLive(page);
  await expect(row(page, "Only to look at")).toBeVisible();
  const says = "This takes the role operator; yours is viewer";
  await page.keyboard.press("j");
  await page.keyboard.press("c");
  await expect(page.getByRole("alert").filter({ hasText: says })).toBeVisible();
  await page.keyboard.press("n");
  await expect(page.getByRole("dialog")).toHaveCount(0);
  await page.keyboard.press("Enter");
  const cancel = page.getByRole("button", { name: "Cancel" });
  await expect(cancel).toHaveAttribute("aria-disabled", "true");
  await expect(cancel).toHaveAccessibleDescription(says);
  await expect(page.getByRole("button", { name: "Delete" })).toHaveAccessibleDescription(/role admin; yours is viewer/);
  await expect(page.getByRole("navigation", { name: "Pages" }).getByRole("link", { name: "Audit" })).toHaveCount(0);
  await page.keyboard.press("g");
  await page.keyboard.press("a");
  await expect(page.getByRole("heading", { name: "The audit is for admins" })).toBeVisible();
});

test("a task's page shows no secret of its payload, and leads to its trace", async ({ page, taskflow }) => {
  const trace = "0af7651916cd43dd8448eb211c80319c";
  const id = await taskflow.create(
    { title: "Charge", kind: "charge", payload: { card: "4242424242424242", amount: 5 } },
    { traceparent: `00-${trace}-b7ad6b7169203331-01` },
  );
  await page.goto(`/task/${id}`);
  await signIn(page, TOKENS.vera);
  const charged = page.getByText("Charged a card that ends in 4242").first();
  await expect(charged, "the handler has read it").toBeVisible();
  await expect(page.getByTitle("A secret: only its handler gets to read it")).toBeVisible();
  expect(await page.content()).not.toContain("4242424242424242");
  await expect(page.getByRole("link", { name: "Open the trace" })).toHaveAttribute("href", TRACES + trace);
  await expectAccessible(page, "secret");
});

test("an admin deletes a task that has ended, once that is confirmed, and the list is without it", async ({
  page,
  taskflow,
}) => {
  const id = await taskflow.create({ title: "Not for ever", payload: { message: "here" } });
  await page.goto(`/task/${id}`);
  await signIn(page, TOKENS.adam);
  await expect(page.getByText("Done").first()).toBeVisible();
  await page.getByRole("button", { name: "Delete" }).click();
  const dialog = page.getByRole("dialog", { name: "Delete this task?" });
  await expect(dialog).toContainText("“Not for ever” will be gone for good");
  await dialog.getByRole("button", { name: "Delete" }).click();
  await expect(page.getByText("Deleted “Not for ever”")).toBeVisible();
  await expect(page.getByRole("heading", { level: 1, name: "Tasks" })).toBeAttached();
  await expect(row(page, "Not for ever")).toHaveCount(0);
  await page.goto(`/task/${id}`);
  await signIn(page, TOKENS.adam);
  await expect(page.getByText(/There is no such task|no such task/i).first()).toBeVisible();
});

test("a token that is withdrawn leads back to the sign-in page, and another one to where the reader was", async ({
  page,
  taskflow,
}) => {
  await page.goto("/?status=DONE&q=letter");
  await signIn(page, TOKENS.olga, true);
  await isLive(page);
  await taskflow.allow("vera", "adam");
  await expect(page.getByText(/The API takes your token no longer/)).toBeVisible({ timeout: 20_000 });
  await expect(page).toHaveURL("/?status=DONE&q=letter");
  expect(await page.evaluate(() => sessionStorage.getItem("taskflow.token"))).toBeNull();
  await signIn(page, TOKENS.vera);
  await isLive(page);
  await expect(page).toHaveURL("/?status=DONE&q=letter");
  await expect(page.getByRole("searchbox")).toHaveValue("letter");
});
