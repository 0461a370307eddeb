/** The pages, their addresses, and what each keeps in its search parameters. */
import { createRootRoute, createRoute, createRouter, lazyRouteComponent } from "@tanstack/react-router";
import { Shell } from "@/components/Shell";
import { basePath } from "@/lib/config";
import { parseNewTaskSearch } from "@/lib/newTask";
import { loadPart } from "@/lib/notLoaded";
import { parseOverviewSearch } from "@/lib/overviewSearch";
import { parsePageSearch } from "@/lib/pageSearch";
import { parseSearch, stringifySearch } from "@/lib/searchParams";
import { parseTasksSearch } from "@/lib/tasksSearch";
import { BrokenPage } from "@/pages/BrokenPage";
import { NotFoundPage } from "@/pages/NotFoundPage";
import { TasksPage } from "@/pages/TasksPage";

const root = createRootRoute({ component: Shell, notFoundComponent: NotFoundPage });

export const tasksRoute = createRoute({
  getParentRoute: () => root,
  path: "/",
  validateSearch: parseTasksSearch,
  component: TasksPage,
});

export const taskRoute = createRoute({
  getParentRoute: () => root,
  path: "/task/$taskId",
  component: lazyRouteComponent(() => loadPart(() => import("@/pages/TaskPage")), "TaskPage"),
});

export const newTaskRoute = createRoute({
  getParentRoute: () => root,
  path: "/new",
  validateSearch: parseNewTaskSearch,
  component: lazyRouteComponent(() => loadPart(() => import("@/pages/NewTaskPage")), "NewTaskPage"),
});

export const overviewRoute = createRoute({
  getParentRoute: () => root,
  path: "/overview",
  validateSearch: parseOverviewSearch,
  component: lazyRouteComponent(() => loadPart(() => import("@/pages/OverviewPage")), "OverviewPage"),
});

export const workersRoute = createRoute({
  getParentRoute: () => root,
  path: "/workers",
  component: lazyRouteComponent(() => loadPart(() => import("@/pages/WorkersPage")), "WorkersPage"),
});

export const queuesRoute = createRoute({
  getParentRoute: () => root,
  path: "/queues",
  component: lazyRouteComponent(() => loadPart(() => import("@/pages/QueuesPage")), "QueuesPage"),
});

export const deadLettersRoute = createRoute({
  getParentRoute: () => root,
  path: "/dead-letters",
  validateSearch: parsePageSearch,
  component: lazyRouteComponent(() => loadPart(() => import("@/pages/DeadLettersPage")), "DeadLettersPage"),
});

export const auditRoute = createRoute({
  getParentRoute: () => root,
  path: "/audit",
  validateSearch: parsePageSearch,
  component: lazyRouteComponent(() => loadPart(() => import("@/pages/AuditPage")), "AuditPage"),
});

export const router = createRouter({
  routeTree: root.addChildren([
    tasksRoute,
    taskRoute,
    newTaskRoute,
    overviewRoute,
    workersRoute,
    queuesRoute,
    deadLettersRoute,
    auditRoute,
  ]),
  basepath: basePath || "/",
  parseSearch,
  stringifySearch,
  defaultPreload: "intent",
  defaultErrorComponent: BrokenPage,
  scrollRestoration: true,
});

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}
