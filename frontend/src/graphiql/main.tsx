/** GraphiQL at /graphql: a page of its own, so that the dashboard loads nothing of it. */
import "@fontsource-variable/geist-mono/wght.css";
import "@fontsource-variable/geist/wght.css";
import "@graphiql/plugin-doc-explorer/style.css";
import "@graphiql/plugin-history/style.css";
import "@graphiql/react/style.css";
import { createGraphiQLFetcher } from "@graphiql/toolkit";
import { GraphiQL } from "graphiql";
import "graphiql/setup-workers/vite";
import "graphiql/graphiql.css";
import { createClient } from "graphql-ws";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { currentEndpoints } from "@/lib/config";
import { EXAMPLES } from "./examples";
import "./graphiql.css";

const KEEP_ALIVE_MS = 10_000;
const { http, ws } = currentEndpoints();
const fetcher = createGraphiQLFetcher({ url: http, wsClient: createClient({ url: ws, keepAlive: KEEP_ALIVE_MS }) });
/** An operation in the address, as other servers' pages take it. */
const given = new URLSearchParams(window.location.search);

/** What was chosen in the dashboard; null follows the system. */
function chosenTheme(): "light" | "dark" | null {
  const chosen = document.documentElement.getAttribute("data-chosen-scheme");
  return chosen === "light" || chosen === "dark" ? chosen : null;
}

const root = document.getElementById("graphiql");
if (root) {
  createRoot(root).render(
    <StrictMode>
      <GraphiQL
        fetcher={fetcher}
        defaultTabs={EXAMPLES}
        defaultTheme={chosenTheme()}
        {...(given.has("query") && {
          initialQuery: given.get("query") ?? "",
          initialVariables: given.get("variables") ?? "",
        })}
      >
        <GraphiQL.Logo>
          <a href="/" className="taskflow-home">
            <img src="/favicon.svg" alt="" width={20} height={20} /> TaskFlow
          </a>
        </GraphiQL.Logo>
      </GraphiQL>
    </StrictMode>,
  );
}
