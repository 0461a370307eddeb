import { ApolloLink } from "@apollo/client";
import { act, screen, waitFor } from "@testing-library/react";
import { Subject } from "rxjs";
import { expect, test } from "vitest";
import { applyBatch } from "@/apollo/apply";
import { createCache } from "@/apollo/cache";
import { EventBuffer, type StreamEvent } from "@/apollo/events";
import { PeekPanelDocument } from "@/generated/graphql";
import { makeEvent } from "@/testing/events";
import { renderInApp } from "@/testing/render";
import { makeTask } from "@/testing/tasks";
import { useIsBehind, useLiveTask } from "./useLiveTask";

const TASK = makeTask("PENDING");

function Probe() {
  const { data } = useLiveTask(PeekPanelDocument, TASK.id);
  const isBehind = useIsBehind(TASK.id);
  if (!data?.task) return <p>loading</p>;
  return <p>{isBehind ? "behind" : "up to date"}</p>;
}

function look() {
  const cache = createCache();
  const answers: Subject<ApolloLink.Result>[] = [];
  const link = new ApolloLink(() => {
    const answer = new Subject<ApolloLink.Result>();
    answers.push(answer);
    return answer;
  });
  renderInApp(<Probe />, { cache, link });
  const answer = (which: number, version: number): void => {
    const events = Array.from({ length: version }, (_, n) => ({
      __typename: "TaskEvent",
      id: String(n),
      version: n + 1,
    }));
    const task = { ...TASK, version, events, payload: null, result: null, error: null };
    act(() => {
      answers[which]?.next({ data: { task } });
      answers[which]?.complete();
    });
  };
  const receive = (event: Partial<StreamEvent>): void => {
    const buffer = new EventBuffer();
    buffer.push(makeEvent({ taskId: TASK.id, ...event }));
    act(() => void applyBatch(cache, buffer.take()));
  };
  const says = (words: string): Promise<unknown> => screen.findByText(words);
  return { answers, answer, receive, says };
}

test("after an event the task is asked for again, and until it answers what was known is behind", async () => {
  const { answers, answer, receive, says } = look();
  answer(0, 1);
  await says("up to date");
  receive({ status: "PROCESSING", version: 2, attempt: 1 });
  await says("behind");
  answer(1, 2);
  await says("up to date");
  expect(answers).toHaveLength(2);
});

test("a request in flight when the next event arrives is followed by another one", async () => {
  const { answers, answer, receive, says } = look();
  answer(0, 1);
  await says("up to date");
  receive({ status: "PROCESSING", version: 2, attempt: 1 });
  await waitFor(() => expect(answers).toHaveLength(2));
  receive({ status: "DONE", version: 3, attempt: 1 });
  await waitFor(() => expect(answers).toHaveLength(3));
  answer(1, 2);
  answer(2, 3);
  await says("up to date");
});
