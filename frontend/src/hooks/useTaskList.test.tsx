import { ApolloClient, ApolloLink } from "@apollo/client";
import { ApolloProvider } from "@apollo/client/react";
import { act, renderHook, waitFor } from "@testing-library/react";
import { Subject } from "rxjs";
import { expect, test } from "vitest";
import { createCache } from "@/apollo/cache";
import { TaskRow_taskFragmentDoc } from "@/generated/graphql";
import type { TaskRow_taskFragment } from "@/generated/graphql";
import { SORTS } from "@/lib/tasksSearch";
import { makeEvent } from "@/testing/events";
import { makeLive } from "@/testing/live";
import { makeTask } from "@/testing/tasks";
import { LiveContext } from "./live";
import { useTaskList } from "./useTaskList";

const FIRST = makeTask("DONE", { id: "first" });
const SECOND = makeTask("PENDING", { id: "second" });

/** A list whose requests are answered when the test says so. */
function look() {
  const asked: {
    readonly name: string;
    readonly after: unknown;
    readonly answer: Subject<ApolloLink.Result>;
  }[] = [];
  const link = new ApolloLink(({ operationName = "", variables }) => {
    const answer = new Subject<ApolloLink.Result>();
    asked.push({ name: operationName, after: variables["after"], answer });
    return answer;
  });
  const client = new ApolloClient({ cache: createCache(), link, dataMasking: true });
  const live = makeLive(client);
  const options = { filter: null, orderBy: SORTS.newest.order, isAtTop: true };
  const { result, rerender } = renderHook(useTaskList, {
    initialProps: options,
    wrapper: ({ children }) => (
      <ApolloProvider client={client}>
        <LiveContext value={live}>{children}</LiveContext>
      </ApolloProvider>
    ),
  });
  const say = async (which: number, data: object): Promise<void> =>
    act(async () => {
      asked[which]?.answer.next({ data } as ApolloLink.Result);
      asked[which]?.answer.complete();
      await Promise.resolve();
    });
  const answer = (which: number, ...tasks: readonly TaskRow_taskFragment[]): Promise<void> => {
    const edges = tasks.map((node) => ({ __typename: "TaskEdge", cursor: node.id, node }));
    const pageInfo = { __typename: "PageInfo", hasNextPage: false, endCursor: tasks.at(-1)?.id ?? null };
    return say(which, { tasks: { __typename: "TaskConnection", edges, pageInfo, searchedUntil: null } });
  };
  const statusOf = (id: string): string | undefined =>
    client.cache.readFragment({
      id: `Task:${id}`,
      fragment: TaskRow_taskFragmentDoc,
      fragmentName: "TaskRow_task",
    })?.status;
  const scroll = (isAtTop: boolean): void => rerender({ ...options, isAtTop });
  return { asked, answer, say, statusOf, stream: live.stream, result, scroll };
}

test("an answer that a later one has overtaken takes no task away again", async () => {
  const { asked, answer, result } = look();
  await waitFor(() => expect(asked).toHaveLength(1));
  await answer(0, FIRST);
  act(() => {
    result.current.reload();
    result.current.reload();
  });
  await waitFor(() => expect(asked).toHaveLength(3));
  await answer(2, SECOND, FIRST);
  await answer(1, FIRST);
  await waitFor(() => expect(result.current.ids).toEqual(["second", "first"]));
});

test("a task with a newer event than the answer is fetched again", async () => {
  const { asked, answer, say, statusOf, stream } = look();
  await waitFor(() => expect(asked).toHaveLength(1));
  act(() => stream.push(makeEvent({ taskId: "second", status: "DONE", version: 3 })));
  await answer(0, SECOND, FIRST);
  await waitFor(() => expect(asked).toHaveLength(2));
  expect(asked[1]?.name).toBe("HealTask");
  await say(1, { task: makeTask("DONE", { id: "second", version: 3 }) });
  await waitFor(() => expect(statusOf("second")).toBe("DONE"));
});

test("when the stream starts the list is fetched again: it may lack events from before", async () => {
  const { asked, answer, result, stream } = look();
  await waitFor(() => expect(asked).toHaveLength(1));
  await answer(0, FIRST);
  act(() => stream.runs(1));
  await waitFor(() => expect(asked).toHaveLength(2));
  await answer(1, SECOND, FIRST);
  await waitFor(() => expect(result.current.ids).toEqual(["second", "first"]));
  act(() => stream.runs(1));
  expect(asked).toHaveLength(2);
});

test("what is new while the list is not at its top is inserted once it is there again", async () => {
  const { asked, answer, say, result, stream, scroll } = look();
  await waitFor(() => expect(asked).toHaveLength(1));
  await answer(0, FIRST);
  scroll(false);
  act(() => stream.push(makeEvent({ taskId: "second" })));
  await waitFor(() => expect(asked).toHaveLength(2));
  scroll(true);
  const nodes = [{ __typename: "Task", id: "second" }];
  const pageInfo = { __typename: "PageInfo", hasPreviousPage: false };
  await say(1, { tasks: { __typename: "TaskConnection", nodes, pageInfo } });
  await waitFor(() => expect(asked).toHaveLength(3));
  await answer(2, SECOND, FIRST);
  await waitFor(() => expect(result.current.ids).toEqual(["second", "first"]));
});

test("a search that stopped early says where, and goes on from there", async () => {
  const { asked, answer, say, result } = look();
  await waitFor(() => expect(asked).toHaveLength(1));
  const pageInfo = { __typename: "PageInfo", hasNextPage: true, endCursor: "place" };
  const searchedUntil = "2026-01-31T12:00:00Z";
  await say(0, { tasks: { __typename: "TaskConnection", edges: [], pageInfo, searchedUntil } });
  await waitFor(() => expect(result.current.searchedUntil).toBe(searchedUntil));
  expect(result.current.ids).toEqual([]);
  act(() => result.current.loadMore());
  await waitFor(() => expect(asked).toHaveLength(2));
  expect(asked[1]?.after).toBe("place");
  await answer(1, FIRST);
  await waitFor(() => expect(result.current.ids).toEqual(["first"]));
  expect(result.current.searchedUntil).toBeNull();
});
