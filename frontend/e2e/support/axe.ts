/** What axe finds wrong with a page as it is shown, with whatever is open on it. */
import { AxeBuilder } from "@axe-core/playwright";
import type { Page } from "@playwright/test";
import { expect } from "./test";

const WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"];
const SCHEMES = ["light", "dark"] as const;

/** A rule, and the selector of an element that may break it. */
export type Exception = readonly [rule: string, selector: string];

/** In the page itself, which has no frames, and without the list of what passed: that takes a quarter of the time. */
export async function violations(page: Page, exceptions: readonly Exception[] = []): Promise<readonly string[]> {
  const axe = new AxeBuilder({ page })
    .setLegacyMode()
    .options({ resultTypes: ["violations"] })
    .withTags(WCAG);
  const found = (await axe.analyze()).violations.flatMap(({ id, nodes }) =>
    nodes.map(({ target, html }) => ({ id, target: target.join(" "), html })),
  );
  const ours = [];
  for (const one of found) {
    const selectors = exceptions.filter(([rule]) => rule === one.id).map(([, selector]) => selector);
    const element = page.locator(one.target).first();
    const isExcepted =
      selectors.length > 0 &&
      (await element.evaluate((node, list) => list.some((selector) => node.matches(selector)), selectors));
    if (!isExcepted) ours.push(`${one.id}: ${one.html}`);
  }
  return ours;
}

/** Looks in the light theme and in the dark one; leaves the page in the light one, and a screenshot of each. */
export async function expectAccessible(page: Page, name: string, exceptions: readonly Exception[] = []): Promise<void> {
  const found: Record<string, readonly string[]> = {};
  for (const scheme of SCHEMES) {
    await page.emulateMedia({ colorScheme: scheme, reducedMotion: "reduce" });
    await page.screenshot({ path: `screenshots/${name}-${scheme}.png` });
    found[scheme] = await violations(page, exceptions);
  }
  await page.emulateMedia({ colorScheme: "light", reducedMotion: "reduce" });
  expect(found, name).toEqual({ light: [], dark: [] });
}
