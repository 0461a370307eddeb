// @vitest-environment jsdom
import { expect, test } from "vitest";
import { endpoints } from "./config";

const ORIGIN = "http://127.0.0.1:8000";

test.each([
  [{}, "http://127.0.0.1:8000/graphql", "ws://127.0.0.1:8000/graphql"],
  [{ apiBase: "https://api.example.com/" }, "https://api.example.com/graphql", "wss://api.example.com/graphql"],
  [{ wsUrl: "ws://api.example.com/ws" }, "http://127.0.0.1:8000/graphql", "ws://api.example.com/graphql"],
  [{ wsUrl: "wss://api.example.com/graphql" }, "http://127.0.0.1:8000/graphql", "wss://api.example.com/graphql"],
  [{ apiBase: "/tasks-api" }, "http://127.0.0.1:8000/tasks-api/graphql", "ws://127.0.0.1:8000/tasks-api/graphql"],
  [{ basePath: "/jobs" }, "http://127.0.0.1:8000/jobs/graphql", "ws://127.0.0.1:8000/jobs/graphql"],
  [
    { basePath: "/jobs", apiBase: "https://api.example.com" },
    "https://api.example.com/graphql",
    "wss://api.example.com/graphql",
  ],
])("%o leads to %s and %s", (config, http, ws) => expect(endpoints(config, ORIGIN)).toEqual({ http, ws }));
