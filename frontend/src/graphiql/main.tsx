/** GraphiQL at /graphql: a separate page, so that the dashboard loads none of its code. */
import "@fontsource-variable/geist-mono/wght.css";
import "@fontsource-variable/geist/wght.css";
import "@graphiql/plugin-doc-explorer/style.css";
import "@graphiql/plugin-history/style.css";
import "@graphiql/react/style.css";
import { GraphiQL } from "graphiql";
import "graphiql/setup-workers/vite";
import "graphiql/graphiql.css";
import { createClient } from "graphql-ws";
import { type ReactElement, StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { currentEndpoints, hrefOf } from "@/lib/config";
import { EXAMPLES } from "./examples";
import { createFetcher } from "./fetcher";
import "./graphiql.css";
import { NotLoadedNotice } from "./NotLoadedNotice";
import { useScheme } from "./useScheme";

const KEEP_ALIVE_MS = 10_000;
const { http, ws } = currentEndpoints();
const fetcher = createFetcher(http, createClient({ url: ws, keepAlive: KEEP_ALIVE_MS }));
const given = new URLSearchParams(window.location.search);
/** The operation of the address, under the names that every GraphQL server gives its parameters. */
const asked = given.has("query")
  ? { query: given.get("query") ?? "", variables: given.get("variables") ?? "" }
  : undefined;

function Ide(): ReactElement {
  return (
    <GraphiQL
      fetcher={fetcher}
      defaultTabs={asked ? [asked, ...EXAMPLES] : EXAMPLES}
      forcedTheme={useScheme()}
      {...(asked && { initialQuery: asked.query, initialVariables: asked.variables })}
      {...(given.has("operationName") && { operationName: given.get("operationName") ?? "" })}
    >
      <GraphiQL.Logo>
        <a href={hrefOf("/")} className="taskflow-home">
          <img src={hrefOf("/favicon.svg")} alt="" width={20} height={20} /> TaskFlow
        </a>
      </GraphiQL.Logo>
    </GraphiQL>
  );
}

const root = document.getElementById("graphiql");
if (root) {
  createRoot(root).render(
    <StrictMode>
      <NotLoadedNotice />
      <Ide />
    </StrictMode>,
  );
}
