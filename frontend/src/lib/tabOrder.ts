/** The order in which Tab goes through a page, where a panel that stands elsewhere follows what it belongs to. */

const TABBABLE = "a[href], button, input, select, textarea, summary, [tabindex]";

/** What Tab stops at, in the order of the document. */
export function stopsOf(root: ParentNode): readonly HTMLElement[] {
  return Array.from(root.querySelectorAll<HTMLElement>(TABBABLE)).filter(
    (one) => one.tabIndex >= 0 && !one.matches(":disabled") && !one.closest("[inert]") && isVisible(one),
  );
}

const isVisible = (one: HTMLElement): boolean => one.getClientRects().length > 0;

/** The same, with what is in `panel` right after what is in `owner`. */
export function inOrder(stops: readonly HTMLElement[], owner: Element, panel: Element): readonly HTMLElement[] {
  const own = stops.filter((one) => panel.contains(one));
  const others = stops.filter((one) => !panel.contains(one));
  const after = others.findLastIndex((one) => owner.contains(one)) + 1;
  return after === 0 ? stops : [...others.slice(0, after), ...own, ...others.slice(after)];
}

/** Where Tab leads in that order; undefined where the browser goes there by itself. */
export function nextStop(
  stops: readonly HTMLElement[],
  ordered: readonly HTMLElement[],
  from: HTMLElement,
  step: 1 | -1,
): HTMLElement | undefined {
  const natural = stops[stops.indexOf(from) + step];
  const wanted = ordered[ordered.indexOf(from) + step];
  return stops.includes(from) && wanted !== natural ? wanted : undefined;
}
