/** Figures of the page, taken inside of it, as a reader would see them. */
import type { CDPSession, Locator, Page } from "@playwright/test";

export function percentile(samples: readonly number[], share: number): number {
  const sorted = [...samples].sort((one, other) => one - other);
  return sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * share) - 1)] ?? 0;
}

/** Milliseconds from the start of the navigation to the frame after the first row was there. */
export async function watchFirstRow(page: Page): Promise<() => Promise<number>> {
  await page.addInitScript(() => {
    const look = (): void => {
      if (document.querySelector("tbody tr a")) {
        requestAnimationFrame(() => setTimeout(() => performance.mark("first-row")));
      } else requestAnimationFrame(look);
    };
    look();
  });
  return async () => {
    const mark = await page.waitForFunction(() => performance.getEntriesByName("first-row")[0]?.startTime);
    return Number(await mark.jsonValue());
  };
}

/** Milliseconds from a click on `target` to the frame in which `selector` is there. */
export async function clickUntil(target: Locator, selector: string): Promise<number> {
  return target.evaluate(
    (element, wanted) =>
      new Promise<number>((resolve) => {
        const began = performance.now();
        const look = (): void => {
          if (document.querySelector(wanted)) setTimeout(() => resolve(performance.now() - began));
          else requestAnimationFrame(look);
        };
        (element as HTMLElement).click();
        requestAnimationFrame(look);
      }),
    selector,
  );
}

export interface Vitals {
  readonly firstPaintMs: number;
  readonly layoutShift: number;
  readonly scriptKilobytes: number;
}

export async function vitals(page: Page): Promise<Vitals> {
  return page.evaluate(async () => {
    const shifts = await new Promise<PerformanceEntryList>((resolve) => {
      new PerformanceObserver((list) => resolve(list.getEntries())).observe({ type: "layout-shift", buffered: true });
      setTimeout(() => resolve([]), 500);
    });
    const scripts = (performance.getEntriesByType("resource") as PerformanceResourceTiming[]).filter(({ name }) =>
      name.endsWith(".js"),
    );
    return {
      firstPaintMs: performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? 0,
      layoutShift: shifts.reduce((sum, shift) => sum + (shift as PerformanceEntry & { value: number }).value, 0),
      scriptKilobytes: scripts.reduce((sum, { encodedBodySize }) => sum + encodedBodySize, 0) / 1_000,
    };
  });
}

/** The share of a core that scripts took meanwhile, in time of the page's thread: what others take does not count. */
export async function scriptShare(session: CDPSession, meanwhile: () => Promise<void>): Promise<number> {
  const read = async (): Promise<{ script: number; at: number }> => {
    const { metrics } = await session.send("Performance.getMetrics");
    const of = (name: string): number => metrics.find((metric) => metric.name === name)?.value ?? 0;
    return { script: of("ScriptDuration"), at: Date.now() / 1_000 };
  };
  await session.send("Performance.enable", { timeDomain: "threadTicks" });
  const before = await read();
  await meanwhile();
  const after = await read();
  return (after.script - before.script) / (after.at - before.at);
}
