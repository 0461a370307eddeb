import { ApolloClient, ApolloLink, gql } from "@apollo/client";
import { CombinedGraphQLErrors } from "@apollo/client/errors";
import { Subject } from "rxjs";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { createCache } from "./cache";
import { LONGEST_REPLAY_MS, ResumeLink, retryWait } from "./resume";

const WATCH = gql`
  subscription Watch($after: ID) {
    taskStatus(after: $after) {
      id
    }
  }
`;

const FIGURES = gql`
  subscription Figures {
    stats {
      total
    }
  }
`;

beforeEach(() => void vi.useFakeTimers());
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

function watch() {
  const sockets: { after: unknown; news: Subject<ApolloLink.Result> }[] = [];
  const server = new ApolloLink((operation) => {
    const news = new Subject<ApolloLink.Result>();
    sockets.push({ after: operation.variables["after"], news });
    return news;
  });
  const resume = new ResumeLink();
  const client = new ApolloClient({ cache: createCache(), link: ApolloLink.from([resume, server]) });
  const seen: unknown[] = [];
  const errors: unknown[] = [];
  const subscription = client
    .subscribe<{ taskStatus: { id: string } }>({ query: WATCH, fetchPolicy: "no-cache" })
    .subscribe({ next: ({ data, error }) => (error ? errors.push(error) : seen.push(data?.taskStatus.id)) });
  const event = (id: string): ApolloLink.Result => ({ data: { taskStatus: { __typename: "TaskStatusEvent", id } } });
  return { sockets, resume, seen, errors, subscription, event };
}

test("a broken stream resumes after the last event that was seen", () => {
  const { sockets, seen, event } = watch();
  sockets[0]?.news.next(event("7"));
  sockets[0]?.news.error(new Error("Socket closed"));
  vi.advanceTimersByTime(300);
  expect(sockets.map(({ after }) => after)).toEqual([undefined, "7"]);
  sockets[1]?.news.next(event("8"));
  expect(seen).toEqual(["7", "8"]);
});

test("a server that says goodbye, or that the reader was too slow, is asked again", () => {
  const { sockets } = watch();
  sockets[0]?.news.complete();
  vi.advanceTimersByTime(300);
  sockets[1]?.news.error(
    new CombinedGraphQLErrors({ errors: [{ message: "too slow", extensions: { code: "LAGGED" } }] }),
  );
  vi.advanceTimersByTime(600);
  expect(sockets).toHaveLength(3);
});

test("an operation that is wrong in itself is not tried again", () => {
  const { sockets, errors } = watch();
  sockets[0]?.news.error(
    new CombinedGraphQLErrors({ errors: [{ message: "no task", extensions: { code: "NOT_FOUND" } }] }),
  );
  vi.advanceTimersByTime(60_000);
  expect(sockets).toHaveLength(1);
  expect(errors).toHaveLength(1);
});

test("after a long absence what was missed is not replayed", () => {
  const { sockets, event } = watch();
  sockets[0]?.news.next(event("7"));
  sockets[0]?.news.error(new Error("Socket closed"));
  vi.setSystemTime(Date.now() + LONGEST_REPLAY_MS + 1);
  vi.advanceTimersByTime(300);
  expect(sockets[1]?.after).toBeNull();
});

test("every wait ends once the network is back", () => {
  const { sockets, resume } = watch();
  sockets[0]?.news.error(new Error("Socket closed"));
  resume.now();
  expect(sockets).toHaveLength(2);
});

test("nothing connects again without an observer", () => {
  const { sockets, subscription } = watch();
  sockets[0]?.news.error(new Error("Socket closed"));
  subscription.unsubscribe();
  vi.advanceTimersByTime(60_000);
  expect(sockets).toHaveLength(1);
});

test("waits double up to five seconds, and differ", () => {
  expect([1, 2, 3, 10].map((failures) => retryWait(failures, 0))).toEqual([300, 600, 1_200, 5_000]);
  expect(retryWait(10, 0.999)).toBeLessThan(2_600);
});

test("operations that share a socket connect again together, in the order in which they were asked for", () => {
  const sent: string[] = [];
  const sockets: Subject<ApolloLink.Result>[] = [];
  const server = new ApolloLink((operation) => {
    const news = new Subject<ApolloLink.Result>();
    sent.push(operation.operationName ?? "");
    sockets.push(news);
    return news;
  });
  const resume = new ResumeLink();
  const client = new ApolloClient({ cache: createCache(), link: ApolloLink.from([resume, server]) });
  for (const query of [WATCH, FIGURES]) client.subscribe({ query, fetchPolicy: "no-cache" }).subscribe();
  const [first, second] = sockets;
  vi.spyOn(Math, "random").mockReturnValueOnce(0).mockReturnValueOnce(0.9);
  first?.error(new Error("Socket closed")); // its own wait would be the longer one
  second?.error(new Error("Socket closed"));
  vi.advanceTimersByTime(200);
  expect(sent).toEqual(["Watch", "Figures", "Watch", "Figures"]);
  expect(resume.begun, "a subscription that resumes, twice").toBe(2);
});
