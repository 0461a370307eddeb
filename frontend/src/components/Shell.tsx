/** What stands around every page: the header, the palette, the help, the toasts, the skip link. */
import { AppShell, useComputedColorScheme, useMantineColorScheme } from "@mantine/core";
import { useDisclosure, useHotkeys } from "@mantine/hooks";
import { openSpotlight } from "@mantine/spotlight";
import { Outlet, useNavigate } from "@tanstack/react-router";
import { lazy, type ReactElement, Suspense } from "react";
import { useAnnouncements } from "@/hooks/useAnnouncements";
import { useKeys } from "@/hooks/useKeys";
import { useTaskToasts } from "@/hooks/useTaskToasts";
import { Header } from "./Header";
import { KeyboardHelp } from "./KeyboardHelp";
import classes from "./Shell.module.css";

/** Both are split off from the first load: nobody opens them before there are rows. */
const Palette = lazy(() => import("./Palette").then((module) => ({ default: module.Palette })));
const NewTaskDialog = lazy(() =>
  import("./newTask/NewTaskDialog").then((module) => ({ default: module.NewTaskDialog })),
);

export function Shell(): ReactElement {
  const navigate = useNavigate();
  const [isHelpOpen, help] = useDisclosure(false);
  const [isNewOpen, newTask] = useDisclosure(false);
  const { setColorScheme } = useMantineColorScheme();
  const scheme = useComputedColorScheme("light");
  const toggleScheme = (): void => setColorScheme(scheme === "dark" ? "light" : "dark");
  useHotkeys([["mod+K", openSpotlight]], []); // here, as the palette may still be on its way
  useKeys({
    "?": help.open,
    n: newTask.open,
    t: toggleScheme,
    "g o": () => void navigate({ to: "/overview" }),
    "g t": () => void navigate({ to: "/" }),
    "g n": () => void navigate({ to: "/new" }),
    "g q": () => window.location.assign("/graphql"),
  });
  return (
    <>
      <a className="skip-link" href="#main">
        Skip to the page
      </a>
      <Toasts />
      <Announcer />
      <Suspense>
        <Palette onHelp={help.open} onNewTask={newTask.open} onToggleScheme={toggleScheme} />
      </Suspense>
      {isNewOpen && (
        <Suspense>
          <NewTaskDialog isOpen onClose={newTask.close} />
        </Suspense>
      )}
      <KeyboardHelp isOpen={isHelpOpen} onClose={help.close} />
      <AppShell header={{ height: 52 }} padding={0}>
        <AppShell.Header className={classes["header"] ?? ""}>
          <Header onHelp={help.open} onSearch={openSpotlight} />
        </AppShell.Header>
        <AppShell.Main id="main" tabIndex={-1} className={classes["main"] ?? ""}>
          <Outlet />
        </AppShell.Main>
      </AppShell>
    </>
  );
}

/** Renders nothing, so that an event renders nothing either. */
function Toasts(): null {
  useTaskToasts();
  return null;
}

function Announcer(): ReactElement {
  const text = useAnnouncements();
  return (
    <div className={classes["announcer"]} aria-live="polite" aria-atomic>
      {text}
    </div>
  );
}
