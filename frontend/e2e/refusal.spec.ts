import type { Page } from "@playwright/test";
import { expect, row, test } from "./support/test";

test.use({ allowed: /Failed to load resource/ });

/** What happens elsewhere is not heard. */
const cutSocket = (page: Page): Promise<void> => page.routeWebSocket(/\/graphql$/, () => undefined);

/** Holds the mutation back until what is returned is called; it reaches the API then, or gets lost. */
async function hold(page: Page, operation: string): Promise<(how: "sent" | "lost") => void> {
  let release: (how: "sent" | "lost") => void = () => undefined;
  const released = new Promise<"sent" | "lost">((resolve) => {
    release = resolve;
  });
  await page.route("/graphql", async (route) => {
    const { operationName } = route.request().postDataJSON() as { operationName: string };
    const isLost = operationName === operation && (await released) === "lost";
    await (isLost ? route.abort() : route.continue());
  });
  return (how) => release(how);
}

const NOWHERE = "nowhere"; // a queue that no worker takes from
const cancel = "mutation ($id: ID!) { cancelTask(id: $id) { id } }";
const retry = "mutation ($id: ID!) { retryTask(id: $id) { id } }";

test("a retry that the API refuses is undone on the task's page, with the reason", async ({ page, taskflow }) => {
  const id = await taskflow.create({ title: "Retried twice", queue: NOWHERE });
  await taskflow.graphql(cancel, { id });
  await cutSocket(page);
  await page.goto(`/task/${id}`);
  const status = page.locator("header").filter({ has: page.getByRole("heading", { level: 1 }) });
  await expect(status).toContainText("Cancelled");
  await taskflow.graphql(retry, { id });
  const release = await hold(page, "RetryTask");
  await page.getByRole("button", { name: "Retry" }).click();
  await expect(status).toContainText("Pending");
  release("sent");
  await expect(page.getByRole("alert")).toContainText(
    `Task ${id} is PENDING: only one that is FAILED or CANCELLED can be retried.`,
  );
  await expect(status).toContainText("Cancelled");
  await expect(status).not.toContainText("Pending");
  await expect(page.getByRole("button", { name: "Retry" })).toHaveAttribute("aria-disabled", "false");
});

test("a cancellation that the API refuses is undone in the list, with the reason", async ({ page, taskflow }) => {
  const id = await taskflow.create({ title: "Cancelled twice", queue: NOWHERE });
  await cutSocket(page);
  await page.goto(`/?q=${id}`);
  const line = row(page, "Cancelled twice");
  await expect(line.getByText("Pending")).toBeVisible();
  await taskflow.graphql(cancel, { id });
  const release = await hold(page, "CancelTask");
  await page.keyboard.press("j");
  await page.keyboard.press("c");
  await expect(line.getByText("Cancelled", { exact: true })).toBeVisible();
  release("sent");
  await expect(page.getByRole("alert")).toContainText(`Task ${id} is CANCELLED`);
  await expect(line.getByText("Pending")).toBeVisible();
});

test("a cancellation that does not reach the API is undone, and the page says that the API did not answer", async ({
  page,
  taskflow,
}) => {
  const id = await taskflow.create({ title: "Lost", queue: NOWHERE });
  await page.goto(`/?q=${id}`);
  const line = row(page, "Lost");
  await expect(line.getByText("Pending")).toBeVisible();
  const release = await hold(page, "CancelTask");
  await page.keyboard.press("j");
  await page.keyboard.press("c");
  await expect(line.getByText("Cancelled", { exact: true })).toBeVisible();
  release("lost");
  await expect(page.getByRole("alert")).toContainText("The API did not answer");
  await expect(line.getByText("Pending")).toBeVisible();
});
