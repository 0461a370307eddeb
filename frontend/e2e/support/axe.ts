/** What axe finds wrong with a page as it is shown, with whatever is open on it. */
import { AxeBuilder } from "@axe-core/playwright";
import type { Page } from "@playwright/test";
import { expect } from "./test";

const WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"];
/** The only rules whose answer a theme can change. */
const OF_COLOUR = ["color-contrast", "link-in-text-block"];

/** A rule, and the selector of an element that may break it. */
export type Exception = readonly [rule: string, selector: string];

/** In the page itself, which has no frames, and without the list of what passed: that takes a quarter of the time. */
async function violations(page: Page, exceptions: readonly Exception[], rules?: string[]): Promise<readonly string[]> {
  const axe = new AxeBuilder({ page }).setLegacyMode().options({ resultTypes: ["violations"] });
  const found = (await (rules ? axe.withRules(rules) : axe.withTags(WCAG)).analyze()).violations.flatMap(
    ({ id, nodes }) => nodes.map(({ target, html }) => ({ id, target: target.join(" "), html })),
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

/** Looks in the light theme, and at the colours in the dark one; leaves the light one, and a screenshot of each. */
export async function expectAccessible(page: Page, name: string, exceptions: readonly Exception[] = []): Promise<void> {
  await page.emulateMedia({ colorScheme: "dark", reducedMotion: "reduce" });
  await page.screenshot({ path: `screenshots/${name}-dark.png` });
  const dark = await violations(page, exceptions, OF_COLOUR);
  await page.emulateMedia({ colorScheme: "light", reducedMotion: "reduce" });
  await page.screenshot({ path: `screenshots/${name}-light.png` });
  const light = await violations(page, exceptions);
  expect({ light, dark }, name).toEqual({ light: [], dark: [] });
}
