/** GraphiQL at /graphql: a separate page, so that the dashboard loads none of its code. */
import "@fontsource-variable/geist-mono/wght.css";
import "@fontsource-variable/geist/wght.css";
import "@graphiql/plugin-doc-explorer/style.css";
import "@graphiql/plugin-history/style.css";
import "@graphiql/react/style.css";
import { GraphiQL } from "graphiql";
import "graphiql/setup-workers/vite";
import "graphiql/graphiql.css";
import { type ReactElement, StrictMode, useSyncExternalStore } from "react";
import { createRoot } from "react-dom/client";
import { Session } from "@/apollo/session";
import { SignIn } from "@/components/signIn/SignIn";
import { currentEndpoints, hrefOf } from "@/lib/config";
import { EXAMPLES } from "./examples";
import "./graphiql.css";
import { type Ide as Api, openIde } from "./ide";
import { NotLoadedNotice } from "./NotLoadedNotice";
import { useScheme } from "./useScheme";

const endpoints = currentEndpoints();
const session = new Session((access) => openIde(endpoints, access));
const given = new URLSearchParams(window.location.search);
/** The operation of the address, under the names that every GraphQL server gives its parameters. */
const asked = given.has("query")
  ? { query: given.get("query") ?? "", variables: given.get("variables") ?? "" }
  : undefined;

/** GraphiQL, or the sign-in page where the API wants a token: the dashboard's, where this tab keeps one, is taken. */
function Page(): ReactElement {
  const { api, why } = useSyncExternalStore(session.subscribe, session.get);
  return api ? <Ide api={api} /> : <SignIn why={why} onSignIn={session.signIn} />;
}

function Ide({ api }: { readonly api: Api }): ReactElement {
  return (
    <GraphiQL
      fetcher={api.fetcher}
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
      <Page />
    </StrictMode>,
  );
}
