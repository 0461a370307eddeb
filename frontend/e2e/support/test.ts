/** The fixtures: a process of TaskFlow, and a page that must stay silent and at home. */
import {
  test as base,
  expect,
  type BrowserContext,
  type ConsoleMessage,
  type Locator,
  type Page,
} from "@playwright/test";
import { TaskFlow } from "./server";

interface Fixtures {
  /** What the page may say on its console in this test, as a pattern: a refused connection while the API is away. */
  readonly allowed: RegExp | null;
  readonly quiet: undefined;
}

interface WorkerFixtures {
  /** A file that names one of its own gets a process of its own, with nothing in it. */
  readonly instance: string;
  /** Whether another application serves it under a prefix. */
  readonly isMounted: boolean;
  /** Whether it takes nobody without a token. */
  readonly isGuarded: boolean;
  readonly taskflow: TaskFlow;
  /** The context of every page of a process: its cache has the dashboard's files, compiled. */
  readonly warm: BrowserContext;
}

export const test = base.extend<Fixtures, WorkerFixtures>({
  instance: ["shared", { option: true, scope: "worker" }],
  isMounted: [false, { option: true, scope: "worker" }],
  isGuarded: [false, { option: true, scope: "worker" }],
  taskflow: [
    async ({ instance: _, isMounted, isGuarded }, use) => {
      const taskflow = await TaskFlow.make({ isMounted, isGuarded });
      await taskflow.start();
      await use(taskflow);
      await taskflow.remove();
    },
    { scope: "worker" },
  ],
  warm: [
    async ({ browser, taskflow }, provide, { project }) => {
      const { viewport = null, locale = "en-GB" } = project.use;
      const context = await browser.newContext({ baseURL: taskflow.url, viewport, locale });
      await provide(context);
      await context.close();
    },
    { scope: "worker" },
  ],
  page: async ({ warm, taskflow, permissions }, provide) => {
    await warm.grantPermissions(permissions ?? []);
    const page = await warm.newPage();
    const session = await warm.newCDPSession(page); // no preference, tab or draft of the test before, whose page is closed
    await session.send("Storage.clearDataForOrigin", { origin: taskflow.origin, storageTypes: "local_storage" });
    await session.detach();
    await provide(page);
    await page.close();
  },
  baseURL: async ({ taskflow }, provide) => provide(taskflow.url),
  allowed: [null, { option: true }],
  quiet: [
    async ({ page, taskflow, allowed }, use) => {
      const complaints: string[] = [];
      const complain = (text: string): void => {
        if (!allowed?.test(text)) complaints.push(text);
      };
      page.on("console", (message: ConsoleMessage) => {
        if (message.type() === "error" || message.type() === "warning") complain(message.text());
      });
      page.on("pageerror", (error) => complain(error.message));
      page.on("request", (request) => {
        const url = new URL(request.url());
        if (url.protocol.startsWith("http") && url.origin !== taskflow.origin) complain(`asked ${url.origin}`);
      });
      await use(undefined);
      await page.unrouteAll({ behavior: "ignoreErrors" }); // a route may still hold an answer back
      expect(complaints, "no error on the console, no request to another origin").toEqual([]);
    },
    { auto: true },
  ],
});

export { expect };

/** A row of the list, by its title. */
export const row = (page: Page, title: string) => page.getByRole("row").filter({ hasText: title });

/** In GraphiQL's editor. It is a word of its own once the editor is up, and has coloured what stands in it. */
export const keyword = (page: Page): Locator =>
  page.locator(".graphiql-query-editor").getByText("mutation", { exact: true });

export const isLive = async (page: Page): Promise<void> => {
  await expect(page.getByRole("status", { name: /^Connection: Live/ })).toBeVisible();
};
