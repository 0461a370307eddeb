import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expectAccessible } from "./support/axe";
import type { TaskFlow } from "./support/server";
import { expect, isLive, test } from "./support/test";

test.use({ instance: "dead letters" });

const PYTHON = fileURLToPath(new URL("../../.venv/bin/python", import.meta.url));
const PUT = fileURLToPath(new URL("support/letters.py", import.meta.url));

interface Letter {
  readonly reason: string;
  readonly body: string;
  readonly queue?: string;
  readonly task_id?: string;
  readonly size?: number;
}

const put = (taskflow: TaskFlow, letters: readonly Letter[]): Buffer =>
  execFileSync(PYTHON, [PUT, join(taskflow.folder, "taskflow.db"), JSON.stringify(letters)]);

const NOBODY = "01a20bbb-de30-72d0-bd15-de3fb28f88fa";

test("each says why, and what it holds; one is replayed, one discarded after a question, and the header counts", async ({
  page,
  taskflow,
}) => {
  const task = await taskflow.create({ title: "Held back", queue: "nobody" });
  put(taskflow, [
    { reason: "The body is no JSON", body: "hello", queue: "mail" },
    { reason: "There is no such task", body: `{"task_id":"${NOBODY}","n":9007199254740993}`, task_id: NOBODY },
    { reason: "It killed its worker", body: `{"task_id":"${task}"}`, queue: "nobody", task_id: task },
    { reason: "The body is too large", body: '{"task_id":', size: 1_000_000 },
  ]);
  await page.goto("/");
  await page.getByRole("navigation", { name: "Pages" }).getByRole("link", { name: "Dead letters 4" }).click();
  await expect(page).toHaveURL("/dead-letters");
  await isLive(page);
  const letter = (reason: string) => page.getByRole("article", { name: reason });
  await expect(letter("There is no such task")).toContainText('"n": 9007199254740993');
  await expect(letter("The body is no JSON")).toContainText("names no task");
  await expect(letter("The body is too large").getByRole("button", { name: "Replay" })).toHaveAttribute(
    "aria-disabled",
    "true",
  );
  await expect(page.locator(".mantine-Skeleton-root")).toHaveCount(0);
  await expectAccessible(page, "dead-letters-some");

  await letter("It killed its worker").getByRole("button", { name: "Replay" }).click();
  await expect(page.getByText("Published again")).toBeVisible();
  await expect(letter("It killed its worker")).toBeHidden();

  await letter("The body is no JSON").getByRole("button", { name: "Discard" }).click();
  const dialog = page.getByRole("dialog", { name: "Discard this dead letter?" });
  await expect(dialog).toBeVisible();
  await expectAccessible(page, "dialog-discard");
  await dialog.getByRole("button", { name: "Discard" }).click();
  await expect(letter("The body is no JSON")).toBeHidden();
  await expect(
    page.getByRole("navigation", { name: "Pages" }).getByRole("link", { name: "Dead letters 2" }),
  ).toBeVisible();
  await page.getByRole("link", { name: NOBODY }).click();
  await expect(page).toHaveURL(`/task/${NOBODY}`);
});

test("they are read page by page, and the page is in the address", async ({ page, taskflow }) => {
  put(
    taskflow,
    Array.from({ length: 70 }, (_, n) => ({ reason: `Nobody knows letter ${n}`, body: "" })),
  );
  await page.goto("/dead-letters");
  await expect(page.getByRole("article")).toHaveCount(30);
  await expect(page.getByRole("article").first()).toContainText("letter 69");
  await page.getByRole("link", { name: "Older" }).click();
  await expect(page).toHaveURL(/\/dead-letters\?after=/);
  await expect(page.getByRole("article").first()).toContainText("letter 39");
  await page.reload();
  await expect(page.getByRole("article").first()).toContainText("letter 39");
  await page.getByRole("link", { name: "Newest" }).click();
  await expect(page).toHaveURL("/dead-letters");
  await expect(page.getByRole("article").first()).toContainText("letter 69");
});
