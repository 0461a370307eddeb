/** The frame of every page: the header, the palette, the help, the toasts, the skip link. */
import { AppShell, useComputedColorScheme, useMantineColorScheme } from "@mantine/core";
import { useDisclosure, useHotkeys } from "@mantine/hooks";
import { openSpotlight } from "@mantine/spotlight";
import { Outlet, useNavigate } from "@tanstack/react-router";
import { type ComponentProps, type ReactElement, useEffect, useState } from "react";
import { useAnnouncements } from "@/hooks/useAnnouncements";
import { useKeys } from "@/hooks/useKeys";
import { useLoaded } from "@/hooks/useLoaded";
import { useTaskToasts } from "@/hooks/useTaskToasts";
import { useWhyNot } from "@/hooks/useViewer";
import { hrefOf } from "@/lib/config";
import { PAGES } from "@/lib/pages";
import { showNotLoaded, showRefusal } from "@/lib/toasts";
import { Header } from "./Header";
import { KeyboardHelp } from "./KeyboardHelp";
import classes from "./Shell.module.css";

/** Both are fetched after the rows, by main.tsx; or when they are opened, which is tried again each time. */
const loadPalette = () => import("./Palette").then((module) => module.Palette);
const loadDialog = () => import("./newTask/NewTaskDialog").then((module) => module.NewTaskDialog);

export function Shell(): ReactElement {
  const navigate = useNavigate();
  const [isHelpOpen, help] = useDisclosure(false);
  const newTask = useNewTask();
  const { setColorScheme } = useMantineColorScheme();
  const scheme = useComputedColorScheme("light");
  const toggleScheme = (): void => setColorScheme(scheme === "dark" ? "light" : "dark");
  const palette = usePalette({ onHelp: help.open, onNewTask: newTask.open, onToggleScheme: toggleScheme });
  useHotkeys([["mod+K", palette.open]], []); // here, as the palette may not be loaded yet
  useKeys({
    "?": help.open,
    n: newTask.open,
    t: toggleScheme,
    ...Object.fromEntries(PAGES.map(({ to, key }) => [`g ${key}`, () => void navigate({ to })])),
    "g n": () => void navigate({ to: "/new" }),
    "g i": () => window.location.assign(hrefOf("/graphql")),
  });
  return (
    <>
      <a className="skip-link" href="#main">
        Skip to the page
      </a>
      <Toasts />
      <Announcer />
      {palette.element}
      {newTask.dialog}
      <KeyboardHelp isOpen={isHelpOpen} onClose={help.close} />
      <AppShell header={{ height: 52 }} padding={0}>
        <AppShell.Header className={classes["header"] ?? ""}>
          <Header onHelp={help.open} onSearch={palette.open} />
        </AppShell.Header>
        <AppShell.Main id="main" tabIndex={-1} className={classes["main"] ?? ""}>
          <Outlet />
        </AppShell.Main>
      </AppShell>
    </>
  );
}

type PaletteProps = ComponentProps<Awaited<ReturnType<typeof loadPalette>>>;

function usePalette(props: PaletteProps): { readonly element: ReactElement | null; readonly open: () => void } {
  const { Component: Palette, load } = useLoaded(loadPalette);
  const [asked, setAsked] = useState(0);
  const open = async (): Promise<void> => {
    if (await load()) setAsked((times) => times + 1);
    else showNotLoaded("The command palette");
  };
  useEffect(() => {
    if (asked > 0) openSpotlight(); // it is mounted by now: one that is not would miss it
  }, [asked]);
  return { element: Palette && <Palette {...props} />, open: () => void open() };
}

function useNewTask(): { readonly dialog: ReactElement | null; readonly open: () => void } {
  const { Component: Dialog, load } = useLoaded(loadDialog);
  const [isOpen, { open, close }] = useDisclosure(false);
  const whyNot = useWhyNot("OPERATOR");
  const loadAndOpen = async (): Promise<void> => {
    if (whyNot !== null) showRefusal(whyNot);
    else if (await load()) open();
    else showNotLoaded("The form for a new task");
  };
  return { dialog: Dialog && isOpen ? <Dialog isOpen onClose={close} /> : null, open: () => void loadAndOpen() };
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
