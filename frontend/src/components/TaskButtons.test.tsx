import { ApolloLink } from "@apollo/client";
import { screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { Subject } from "rxjs";
import { expect, test } from "vitest";
import { createCache } from "@/apollo/cache";
import { TaskRow_taskFragmentDoc, type TaskStatus } from "@/generated/graphql";
import { makeTask } from "@/testing/tasks";
import { renderInApp } from "@/testing/render";
import { TaskButtons } from "./TaskButtons";

function open(status: TaskStatus) {
  const task = makeTask(status);
  const place = { id: `Task:${task.id}`, fragment: TaskRow_taskFragmentDoc, fragmentName: "TaskRow_task" };
  const cache = createCache();
  cache.writeFragment({ ...place, data: task });
  const answer = new Subject<ApolloLink.Result>();
  const asked: (string | undefined)[] = [];
  const link = new ApolloLink(({ operationName }) => {
    asked.push(operationName);
    return answer;
  });
  renderInApp(<TaskButtons id={task.id} />, { cache, link });
  return { asked, answer, status: () => cache.readFragment({ ...place, optimistic: true })?.status };
}

test("a retry shows at once, and is undone when the API refuses", async () => {
  const { asked, answer, status } = open("FAILED");
  await userEvent.click(screen.getByRole("button", { name: "Retry" }));
  expect(asked).toEqual(["RetryTask"]);
  expect(status()).toBe("PENDING");
  answer.next({ errors: [{ message: "It is running" }] });
  answer.complete();
  await waitFor(() => expect(status()).toBe("FAILED"));
});

test("what can't be done says why, and does nothing", async () => {
  const { asked } = open("DONE");
  const retry = screen.getByRole("button", { name: "Retry" });
  expect(retry.getAttribute("aria-disabled")).toBe("true");
  expect(retry.getAttribute("aria-description")).toBe("It is done");
  await userEvent.click(retry);
  expect(asked).toEqual([]);
});
