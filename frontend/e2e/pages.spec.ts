import type { Page } from "@playwright/test";
import { expectAccessible } from "./support/axe";
import { expect, isLive, test } from "./support/test";

const SIZES = [
  ["narrow", { width: 360, height: 740 }],
  ["phone", { width: 390, height: 844 }],
  ["laptop", { width: 1280, height: 720 }],

  ["large", { width: 3840, height: 2160 }],
] as const;

test.use({ instance: "pages" });

let ids: Readonly<Record<string, string>> = {};

test.beforeAll(async ({ taskflow }) => {
  const failed = await taskflow.create({ title: "Send empty letter", payload: {} });
  const done = await taskflow.create({
    title: "Resize the summer album",
    kind: "progress",
    payload: { images: 4, seconds: 0.1 },
  });
  await taskflow.create({ title: "Call the payment service", kind: "flaky", payload: { failures: 2 } });
  await taskflow.create({ title: "Charge a card", kind: "charge", payload: { number: "4242424242424242" } });
  await taskflow.createMany(
    Array.from({ length: 30 }, (_, n) => ({
      title: `Send receipt ${n + 1}`,
      payload: { message: `Receipt ${n + 1} sent` },
    })),
  );
  await taskflow.settled();
  const running = await taskflow.create({ title: "Index the archive", kind: "slow", payload: { seconds: 600 } });
  const parked = await taskflow.create({ title: "Rebuild the catalogue", queue: "nightly" });
  await taskflow.graphql('mutation { pauseQueue(name: "nightly", reason: "The archive moves") { name } }');
  ids = { failed, done, running, parked };
});

const PAGES: readonly (readonly [name: string, path: () => string])[] = [
  ["tasks", () => "/"],
  ["tasks-peek", () => `/?peek=${ids["failed"] ?? ""}`],
  ["tasks-empty", () => "/?q=nowhere"],
  ["task-done", () => `/task/${ids["done"] ?? ""}`],
  ["task-failed", () => `/task/${ids["failed"] ?? ""}`],
  ["task-running", () => `/task/${ids["running"] ?? ""}`],
  ["new", () => "/new"],
  ["overview", () => "/overview"],
  ["workers", () => "/workers"],
  ["queues", () => "/queues"],
  ["dead-letters", () => "/dead-letters"],
  ["audit", () => "/audit"],
];

for (const [name, path] of PAGES) {
  test(`axe finds nothing on ${name} in either theme, and it fits from 360 px to 4K`, async ({ page }) => {
    await page.emulateMedia({ colorScheme: "light", reducedMotion: "reduce" });
    await page.goto(path());
    await isLive(page);
    await expect(page.locator(".mantine-Skeleton-root"), "nothing is being loaded").toHaveCount(0);
    await page.evaluate(() => document.fonts.ready);
    await expectAccessible(page, name);
    for (const [size, viewport] of SIZES) {
      await page.setViewportSize(viewport);
      await page.screenshot({ path: `screenshots/${name}-${size}.png` });
      const overflow = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
      expect(overflow, `${name} is not wider than ${viewport.width} px`).toBeLessThanOrEqual(0);
    }
    if (name.startsWith("task-") || name === "overview") {
      expect(await shareOfWidth(page), "the share of the width that its panels take").toBeGreaterThan(0.8);
    }
  });
}

/** From the left edge of the first panel to the right edge of the last, as a share of the window. */
const shareOfWidth = (page: Page): Promise<number> =>
  page.getByRole("main").evaluate((main) => {
    const edges = [...main.querySelectorAll("section")].map((section) => section.getBoundingClientRect());
    const width = Math.max(...edges.map(({ right }) => right)) - Math.min(...edges.map(({ left }) => left));
    return width / window.innerWidth;
  });
