import { expect, test } from "vitest";
import { inOrder, nextStop } from "./tabOrder";

function page(): { readonly stops: readonly HTMLElement[]; readonly row: Element; readonly peek: Element } {
  document.body.innerHTML = `
    <button>before</button>
    <table><tr><td><a href="/1">one</a></td></tr>
    <tr data-peeked tabindex="0"><td><a href="/2">two</a></td></tr>
    <tr><td><a href="/3">three</a></td></tr></table>
    <aside><button>close</button><button>open</button></aside>
    <button>after</button>`;
  const found = (selector: string): Element => document.querySelector(selector) ?? document.body;
  return {
    stops: Array.from(document.querySelectorAll<HTMLElement>("button, a, tr[tabindex]")),
    row: found("tr[data-peeked]"),
    peek: found("aside"),
  };
}

const words = (stops: readonly HTMLElement[]): readonly string[] => stops.map((one) => one.textContent.trim());

test("the panel comes right after what it belongs to", () => {
  const { stops, row, peek } = page();
  expect(words(inOrder(stops, row, peek))).toEqual(["before", "one", "two", "two", "close", "open", "three", "after"]);
});

test("without a stop in its owner it stays where it stands", () => {
  const { stops, peek } = page();
  expect(inOrder(stops, document.createElement("tr"), peek)).toBe(stops);
});

test("only a step that differs from the browser's own is told", () => {
  const { stops, row, peek } = page();
  const ordered = inOrder(stops, row, peek);
  const step = (from: string, by: 1 | -1): string | undefined => {
    const start = stops.find((one) => one.textContent === from && one.tagName !== "TR") ?? document.body;
    return nextStop(stops, ordered, start, by)?.textContent;
  };
  expect(step("two", 1)).toBe("close");
  expect(step("open", 1)).toBe("three");
  expect(step("three", 1)).toBe("after");
  expect(step("three", -1)).toBe("open");
  expect(step("close", -1)).toBe("two");
  expect(step("after", -1)).toBe("three");
  expect(step("before", 1)).toBeUndefined();
  expect(step("close", 1)).toBeUndefined();
});
