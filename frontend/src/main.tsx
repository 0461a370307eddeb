/** The one composition root: the session, which opens the API, and the router. */
import "@fontsource-variable/geist/wght.css";
import "@fontsource-variable/geist-mono/wght.css";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { openApi } from "@/apollo/api";
import { Session } from "@/apollo/session";
import { loadAhead } from "@/apollo/tasksPage";
import { App } from "@/components/App";
import { present } from "@/lib/clock";
import { currentEndpoints, hrefOf } from "@/lib/config";
import { parseSearch } from "@/lib/searchParams";
import { parseTasksSearch, toQuery } from "@/lib/tasksSearch";
import { router } from "@/router";
import "./mantine.css";
import "./styles.css";

/** Milliseconds that the first paint waits for the rows. */
const ROWS_WAIT = 200;
/** Milliseconds after which the code of the palette and of the other pages is fetched: by then the rows have loaded. */
const AFTER_ROWS = 1_500;
const NEXT = [
  () => import("@/components/Palette"),
  () => import("@/pages/TaskPage"),
  () => import("@/components/newTask/NewTaskDialog"),
  () => import("@/pages/NewTaskPage"),
  () => import("@/pages/OverviewPage"),
  () => import("@/pages/WorkersPage"),
  () => import("@/pages/QueuesPage"),
  () => import("@/pages/DeadLettersPage"),
  () => import("@/pages/AuditPage"),
];

const endpoints = currentEndpoints();
const session = new Session((access) => openApi(endpoints, access));

/** Whether the API wants a token, and the rows: both are asked for before React runs. */
async function lookAhead(): Promise<void> {
  const { api } = session.get();
  const { pathname, search } = window.location;
  const isList = pathname === hrefOf("/");
  await Promise.all([
    router.load(),
    api?.check(),
    isList && api && loadAhead(api.client, toQuery(parseTasksSearch(parseSearch(search)), present())),
  ]);
}
await Promise.race([lookAhead(), new Promise((go) => setTimeout(go, ROWS_WAIT))]);

const root = document.getElementById("root");
if (root) {
  createRoot(root).render(
    <StrictMode>
      <App session={session} />
    </StrictMode>,
  );
}
setTimeout(() => {
  for (const load of NEXT) load().catch(() => undefined); // opening it loads it again, and says what failed
}, AFTER_ROWS);
