/** The frame of every page: the header, the palette, the help, the toasts, the skip link. */
import { AppShell, useComputedColorScheme, useMantineColorScheme } from "@mantine/core";
import { useDisclosure, useHotkeys } from "@mantine/hooks";
import { openSpotlight } from "@mantine/spotlight";
import { CatchBoundary, Outlet, useNavigate } from "@tanstack/react-router";
import { lazy, type ReactElement, Suspense, useState } from "react";
import { useAnnouncements } from "@/hooks/useAnnouncements";
import { useKeys } from "@/hooks/useKeys";
import { useTaskToasts } from "@/hooks/useTaskToasts";
import { hrefOf } from "@/lib/config";
import { showRefusal } from "@/lib/toasts";
import { Header } from "./Header";
import { KeyboardHelp } from "./KeyboardHelp";
import classes from "./Shell.module.css";

/** Both are loaded after the first paint, as no reader opens them before the rows are there. */
const Palette = lazy(() => import("./Palette").then((module) => ({ default: module.Palette })));
const loadDialog = () => import("./newTask/NewTaskDialog").then((module) => module.NewTaskDialog);

export function Shell(): ReactElement {
  const navigate = useNavigate();
  const [isHelpOpen, help] = useDisclosure(false);
  const newTask = useNewTask();
  const { setColorScheme } = useMantineColorScheme();
  const scheme = useComputedColorScheme("light");
  const toggleScheme = (): void => setColorScheme(scheme === "dark" ? "light" : "dark");
  useHotkeys([["mod+K", openSpotlight]], []); // here, as the palette may not be loaded yet
  useKeys({
    "?": help.open,
    n: newTask.open,
    t: toggleScheme,
    "g o": () => void navigate({ to: "/overview" }),
    "g t": () => void navigate({ to: "/" }),
    "g n": () => void navigate({ to: "/new" }),
    "g q": () => window.location.assign(hrefOf("/graphql")),
  });
  return (
    <>
      <a className="skip-link" href="#main">
        Skip to the page
      </a>
      <Toasts />
      <Announcer />
      <CatchBoundary getResetKey={() => "palette"} errorComponent={() => null}>
        <Suspense>
          <Palette onHelp={help.open} onNewTask={newTask.open} onToggleScheme={toggleScheme} />
        </Suspense>
      </CatchBoundary>
      {newTask.dialog}
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

function useNewTask(): { readonly dialog: ReactElement | null; readonly open: () => void } {
  const [Dialog, setDialog] = useState<Awaited<ReturnType<typeof loadDialog>> | null>(null);
  const [isOpen, { open, close }] = useDisclosure(false);
  const load = async (): Promise<void> => {
    try {
      const loaded = await loadDialog();
      setDialog(() => loaded);
      open();
    } catch {
      showRefusal("The form could not be loaded. Load the page again once the server answers.");
    }
  };
  return { dialog: Dialog && isOpen ? <Dialog isOpen onClose={close} /> : null, open: () => void load() };
}

/** A component that renders nothing, so that an event renders no other component. */
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
