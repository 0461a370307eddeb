import { ApolloLink } from "@apollo/client";
import { screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { Subject } from "rxjs";
import { expect, test } from "vitest";
import { createCache } from "@/apollo/cache";
import { type Role, TaskRow_taskFragmentDoc, type TaskRow_taskFragment, type TaskStatus } from "@/generated/graphql";
import { makeTask } from "@/testing/tasks";
import { renderInApp } from "@/testing/render";
import { TaskButtons } from "./TaskButtons";

function open(status: TaskStatus, changes: Partial<TaskRow_taskFragment> = {}, role: Role = "ADMIN") {
  const task = makeTask(status, changes);
  const place = { id: `Task:${task.id}`, fragment: TaskRow_taskFragmentDoc, fragmentName: "TaskRow_task" };
  const cache = createCache();
  cache.writeFragment({ ...place, data: task });
  const answer = new Subject<ApolloLink.Result>();
  const asked: (string | undefined)[] = [];
  const link = new ApolloLink(({ operationName }) => {
    asked.push(operationName);
    return answer;
  });
  renderInApp(<TaskButtons id={task.id} hasKeys />, { cache, link, role });
  return { asked, answer, shown: () => cache.readFragment({ ...place, optimistic: true }) };
}

test("a retry shows at once, and is undone when the API refuses", async () => {
  const runAt = "2026-03-01T08:59:00.000000Z";
  const { asked, answer, shown } = open("FAILED", { message: "no answer", runAt });
  await userEvent.click(screen.getByRole("button", { name: "Retry" }));
  expect(asked).toEqual(["RetryTask"]);
  expect(shown()).toMatchObject({ status: "PENDING", message: "Retry requested", runAt: null, finishedAt: null });
  answer.next({ errors: [{ message: "It is running" }] });
  answer.complete();
  await waitFor(() => expect(shown()).toMatchObject({ status: "FAILED", message: "no answer", runAt }));
});

test("what can't be done says why, and does nothing", async () => {
  const { asked } = open("DONE");
  const retry = screen.getByRole("button", { name: "Retry" });
  expect(retry.getAttribute("aria-disabled")).toBe("true");
  expect(retry.getAttribute("aria-description")).toBe("It is done");
  await userEvent.click(retry);
  expect(asked).toEqual([]);
});

test("who may only look gets the role that it takes in words, by mouse and by key, and nothing is asked", async () => {
  const { asked } = open("FAILED", {}, "VIEWER");
  const retry = screen.getByRole("button", { name: "Retry" });
  expect(retry.getAttribute("aria-description")).toBe("This takes the role operator; yours is viewer");
  await userEvent.click(retry);
  await userEvent.keyboard("r");
  expect(asked).toEqual([]);
});
