/** The one composition root: the socket, the client, the theme, the router. */
import { ApolloProvider } from "@apollo/client/react";
import "@fontsource-variable/geist/wght.css";
import "@fontsource-variable/geist-mono/wght.css";
import { MantineProvider } from "@mantine/core";
import { Notifications } from "@mantine/notifications";
import { RouterProvider } from "@tanstack/react-router";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { createApollo, createSocket } from "@/apollo/client";
import { createConnectionStore } from "@/apollo/connection";
import { ResumeLink } from "@/apollo/resume";
import { TaskStream } from "@/apollo/stream";
import { loadAhead } from "@/apollo/tasksPage";
import { LiveProvider } from "@/components/LiveProvider";
import { present } from "@/lib/clock";
import { currentEndpoints, hrefOf } from "@/lib/config";
import { parseSearch } from "@/lib/searchParams";
import { parseTasksSearch, toQuery } from "@/lib/tasksSearch";
import { nonce } from "@/lib/nonce";
import { theme } from "@/lib/theme";
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
];

const endpoints = currentEndpoints();
const socket = createSocket(endpoints.ws);
const connection = createConnectionStore(socket);
const resume = new ResumeLink();
const client = createApollo(endpoints, socket, resume);
const live = { connection, stream: new TaskStream(client) };
window.addEventListener("online", () => {
  resume.now();
});
socket.on("connected", () => {
  resume.now(); // both subscriptions connect as soon as one has
});

const { pathname, search } = window.location;
const rows = pathname === hrefOf("/") && loadAhead(client, toQuery(parseTasksSearch(parseSearch(search)), present()));
await Promise.race([Promise.all([router.load(), rows]), new Promise((go) => setTimeout(go, ROWS_WAIT))]);

const root = document.getElementById("root");
if (root) {
  createRoot(root).render(
    <StrictMode>
      <ApolloProvider client={client}>
        <MantineProvider theme={theme} defaultColorScheme="auto" getStyleNonce={() => nonce}>
          <Notifications position="bottom-right" limit={4} zIndex={400} containerWidth={340} />
          <LiveProvider live={live}>
            <RouterProvider router={router} />
          </LiveProvider>
        </MantineProvider>
      </ApolloProvider>
    </StrictMode>,
  );
}
setTimeout(() => {
  for (const load of NEXT) load().catch(() => undefined); // opening it loads it again, and says what failed
}, AFTER_ROWS);
