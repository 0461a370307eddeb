import type { Locator, Page } from "@playwright/test";
import { expect, isLive, test } from "./support/test";

test.use({ permissions: ["clipboard-read", "clipboard-write"] });

const part = (page: Page, name: string): Locator => page.getByRole("region", { name, exact: true });

/** What a task's history was when it was asked for comes later than the next events. */
const slowAnswers = (page: Page): Promise<unknown> =>
  page.route("/graphql", async (route) => {
    const { operationName } = route.request().postDataJSON() as { operationName: string };
    if (operationName !== "TaskPage") return route.continue();
    const response = await route.fetch();
    await new Promise((go) => setTimeout(go, 800));
    await route.fulfill({ response });
  });

test("a task is watched from its start to its end, without a reload", async ({ page, taskflow }) => {
  await page.goto("/"); // a first page takes longer than the next ones, which the task would not wait for
  await isLive(page);
  const payload = { images: 6, seconds: 0.5 };
  const id = await taskflow.create({ title: "Resize album", kind: "progress", payload });
  await page.goto(`/task/${id}`);
  await expect(page.getByRole("heading", { level: 1, name: "Resize album" })).toBeVisible();
  await expect(page).toHaveTitle("Resize album · TaskFlow");
  await expect(page.getByText(/resizing image [2-6] of 6/).first()).toBeVisible();
  await expect(page.getByRole("progressbar", { name: "Progress" })).toBeVisible();
  await expect(part(page, "Result")).toContainText("It has not ended yet");
  await expect(page.getByText("resized 6 images").first()).toBeVisible();
  await expect(part(page, "Result")).toContainText(/images: ?6/);
  await expect(part(page, "Timeline")).toContainText("Attempt 1 done");
  await expect(part(page, "Event log").getByRole("row")).toHaveCount(4);
});

test("a failed task shows the error of each attempt, and is retried on request", async ({ page, taskflow }) => {
  const id = await taskflow.create({ title: "Call", kind: "flaky", payload: { failures: 9 }, maxAttempts: 2 });
  await taskflow.settled();
  await page.goto(`/task/${id}`);
  await isLive(page);
  const attempts = part(page, "Attempts");
  await expect(attempts.getByRole("button", { name: /Attempt 2 Failed ConnectionError/ })).toHaveAttribute(
    "aria-expanded",
    "true",
  );
  await expect(attempts.getByText("the payment service did not answer (attempt 2)").first()).toBeVisible();
  await attempts.getByRole("button", { name: /frames? of libraries/ }).click();
  await expect(attempts.getByText(/worker\/attempt\.py/).first()).toBeVisible();
  await attempts.getByRole("button", { name: /Attempt 1 Failed/ }).click();
  await expect(attempts.getByText("the payment service did not answer (attempt 1)").first()).toBeVisible();

  const sums = await part(page, "Timeline")
    .getByText(/waited .* \+ ran .* = /)
    .textContent();
  expect(sums).not.toContain("-");
  await expect(page.getByRole("button", { name: "Cancel" })).toHaveAttribute("aria-disabled", "true");
  await page.getByRole("button", { name: "Retry" }).click();
  await expect(attempts.getByRole("button", { name: /Attempt 3 Failed/ })).toBeVisible();
  await expect(part(page, "Event log")).toContainText("Retry requested");
});

test("after a retry the page shows the task to its end, even when an answer is older than the next event", async ({
  page,
  taskflow,
}) => {
  const runAt = new Date(Date.now() + 3_600_000).toISOString();
  const id = await taskflow.create({ title: "Once more", kind: "slow", payload: { seconds: 0.4 }, runAt });
  await page.goto(`/task/${id}`);
  await isLive(page);
  await page.getByRole("button", { name: "Cancel" }).click();
  await expect(part(page, "Event log").getByRole("row")).toHaveCount(3);
  await slowAnswers(page);
  await page.getByRole("button", { name: "Retry" }).click();
  await expect(part(page, "Timeline")).toContainText("Attempt 1 done");
  await expect(part(page, "Event log").getByRole("row")).toHaveCount(6);
  await expect(part(page, "Result")).toContainText("seconds");
});

test("between two attempts the page says when the next one is due, and nothing until that is known", async ({
  page,
  taskflow,
}) => {
  await page.goto("/"); // what pages share is loaded by the time the clock runs
  await isLive(page);
  const runAt = new Date(Date.now() + 5_000).toISOString();
  const id = await taskflow.create({
    title: "Patience",
    kind: "flaky",
    payload: { failures: 3 }, // it waits two seconds and more after the third
    maxAttempts: 5,
    runAt,
  });
  await page.goto(`/task/${id}`);
  await expect(page.getByText(/Scheduled: it is due in/)).toBeVisible();
  await slowAnswers(page);
  const said = await page.evaluate(
    () =>
      new Promise<string[]>((resolve) => {
        const sentences = new Set<string>();
        const observer = new MutationObserver(() => {
          const text = document.querySelector("main")?.innerText ?? "";
          if (!/^3 of 5$/m.test(text)) return;
          const sentence = /^(It waits|It is due|Attempt 4 of 5 is due).*/m.exec(text)?.[0];
          if (sentence !== undefined) sentences.add(sentence);
          if (!sentence?.startsWith("Attempt")) return;
          observer.disconnect();
          resolve([...sentences]);
        });
        observer.observe(document.body, { subtree: true, childList: true, characterData: true });
      }),
  );
  expect(said).toEqual([expect.stringMatching(/^Attempt 4 of 5 is due in .*, after ConnectionError\.$/)]);
});

test("head, timeline, attempt and event log show the same duration of a run", async ({ page, taskflow }) => {
  const ids: string[] = [];
  for (let n = 0; n < 3; n += 1) ids.push(await taskflow.create({ title: "Short", payload: { message: "x" } }));
  await taskflow.settled();
  const head = page.locator("header").filter({ has: page.getByRole("heading", { level: 1 }) });
  for (const id of ids) {
    await page.goto(`/task/${id}`);
    await expect(part(page, "Timeline")).toContainText("Attempt 1 done");
    const duration = /Done(\d[\d.]* m?s)/.exec((await head.textContent()) ?? "")?.[1] ?? "none";
    await expect(part(page, "Timeline").getByRole("listitem").last()).toHaveText(new RegExp(`\\D${duration}$`));
    await expect(part(page, "Attempts").getByRole("button", { name: `Attempt 1 Done ${duration}` })).toBeVisible();
    await expect(part(page, "Event log").getByRole("row").last().getByRole("cell").last()).toHaveText(duration);
  }
});

test("a scheduled task says when it is due, and is cancelled at once", async ({ page, taskflow }) => {
  const runAt = new Date(Date.now() + 3_600_000).toISOString();
  const id = await taskflow.create({ title: "Nightly", payload: { message: "x" }, runAt });
  await page.goto(`/task/${id}`);
  await expect(page.getByText(/Scheduled: it is due in 59 m/)).toBeVisible();
  await page.getByRole("button", { name: "Cancel" }).click();
  await expect(page.getByText("Cancelled").first()).toBeVisible();
  await expect(page.getByRole("button", { name: "Cancel" })).toHaveAttribute("aria-disabled", "true");
});

test("a task in a queue that no worker takes from says that its message waits there", async ({ page, taskflow }) => {
  const id = await taskflow.create({ title: "Forgotten", queue: "forgotten" });
  await page.goto(`/task/${id}`);
  const sentence = "It waits for a worker: 1 message waits in the queue forgotten, and no task of it runs.";
  await expect(page.getByText(sentence)).toBeVisible();
});

test("a payload is searched and downloaded, and the path of a value is copied", async ({ page, taskflow }) => {
  const payload = { order: { lines: Array.from({ length: 300 }, (_, n) => ({ number: n, name: `line ${n}` })) } };
  const id = await taskflow.create({ title: "Order", kind: "nobody", payload });
  await taskflow.settled();
  await page.goto(`/task/${id}`);
  const tree = part(page, "Payload");
  await tree.getByRole("textbox", { name: "Search the payload" }).fill("line 299");
  await expect(tree.getByText('"line 299"')).toBeVisible();
  await expect(tree.getByRole("status")).toHaveText("1 of 1");
  await tree.getByText('"line 299"').hover();
  await tree.getByRole("button", { name: "Copy the path $.order.lines[299].name" }).click();
  expect(await page.evaluate(() => navigator.clipboard.readText())).toBe("$.order.lines[299].name");
  const [file] = await Promise.all([
    page.waitForEvent("download"),
    tree.getByRole("button", { name: "Download the payload" }).click(),
  ]);
  expect(file.suggestedFilename()).toBe(`${id}-payload.json`);
});

test("a task's id is copied, and the task as GraphQL, curl or Python", async ({ page, taskflow }) => {
  const id = await taskflow.create({ title: "Charge", kind: "charge", payload: { number: "42" } });
  await page.goto(`/task/${id}`);
  await page.getByRole("button", { name: "Copy the id" }).click();
  expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(id);
  for (const [name, words] of [
    ["GraphQL", 'title: "Charge"'],
    ["curl", `${taskflow.url}/tasks`],
    ["Python", "httpx.post"],
  ] as const) {
    await page.getByRole("button", { name: "Copy as" }).click();
    await page.getByRole("menuitem", { name }).click();
    await expect.poll(() => page.evaluate(() => navigator.clipboard.readText())).toContain(words);
  }
});

test("the page of an unknown id says that there is no such task", async ({ page }) => {
  await page.goto("/task/01a20bbb-de30-72d0-bd15-de3fb28f88fa");
  await expect(page.getByRole("heading", { name: "There is no such task" })).toBeVisible();
  await page.getByRole("link", { name: "All tasks" }).click();
  await expect(page).toHaveURL("/");
});
