import { AxeBuilder } from "@axe-core/playwright";
import { expect, isLive, test } from "./support/test";

const SCHEMES = ["light", "dark"] as const;
const NARROW = { width: 360, height: 740 };
const LARGE = { width: 3840, height: 2160 };

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
];

for (const scheme of SCHEMES) {
  for (const [name, path] of PAGES) {
    test(`${name} in ${scheme}: axe finds nothing`, async ({ page }) => {
      await page.emulateMedia({ colorScheme: scheme, reducedMotion: "reduce" });
      await page.goto(path());
      await isLive(page);
      await page.waitForLoadState("networkidle");
      await page.screenshot({ path: `screenshots/${name}-${scheme}.png` });
      const { violations } = await new AxeBuilder({ page })
        .withTags(["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"])
        .analyze();
      expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" ")}`)).toEqual([]);
    });
  }
}

for (const [name, path] of PAGES) {
  test(`${name} fits from 360 px to 4K`, async ({ page }) => {
    for (const [size, viewport] of [["narrow", NARROW] as const, ["large", LARGE] as const]) {
      await page.setViewportSize(viewport);
      await page.goto(path());
      await isLive(page);
      await page.waitForLoadState("networkidle");
      await page.screenshot({ path: `screenshots/${name}-${size}.png` });
      const overflow = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
      expect(overflow, `${name} is not wider than ${viewport.width} px`).toBeLessThanOrEqual(0);
    }
  });
}
