import { ApolloClient, ApolloLink } from "@apollo/client";
import { expect, test } from "vitest";
import { TaskRow_taskFragmentDoc } from "@/generated/graphql";
import { makeTask } from "@/testing/tasks";
import { createCache } from "./cache";
import type { Pages } from "./keyset";
import { keep, recall } from "./lists";

const pagesOf = (...ids: string[]): Pages => ({
  entries: ids.map((id) => ({ id, cursor: id })),
  hasMore: false,
  end: ids.at(-1) ?? null,
  searchedUntil: null,
});

function clientWith(...ids: string[]): ApolloClient {
  const cache = createCache();
  for (const id of ids) {
    const place = { id: `Task:${id}`, fragment: TaskRow_taskFragmentDoc, fragmentName: "TaskRow_task" };
    cache.writeFragment({ ...place, data: makeTask("DONE", { id }) });
  }
  return new ApolloClient({ cache, link: ApolloLink.empty() });
}

const inCache = (client: ApolloClient): string[] =>
  Object.keys(client.cache.extract() as object)
    .filter((id) => id.startsWith("Task:"))
    .sort();

test("a list comes back as it was left", () => {
  const client = clientWith("a");
  keep(client, "all", { pages: pagesOf("a") });
  keep(client, "all", { offset: 400 });
  expect(recall(client, "all")).toEqual({ pages: pagesOf("a"), offset: 400, active: null });
});

test("a task that left a list leaves the cache, unless another list shows it", () => {
  const client = clientWith("a", "b", "c");
  keep(client, "all", { pages: pagesOf("a", "b", "c") });
  keep(client, "failed", { pages: pagesOf("b") });
  keep(client, "all", { pages: pagesOf("c") });
  expect(inCache(client)).toEqual(["Task:b", "Task:c"]);
});

test("only so many lists are kept", () => {
  const client = clientWith("a");
  keep(client, "first", { pages: pagesOf("a") });
  for (let number = 0; number < 6; number++) keep(client, `other ${number}`, { pages: pagesOf() });
  expect(recall(client, "first")).toBeUndefined();
  expect(inCache(client)).toEqual([]);
});
