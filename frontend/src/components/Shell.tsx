/** What stands around every page: the header, the palette, the help, the skip link. */
import { AppShell } from "@mantine/core";
import { Outlet } from "@tanstack/react-router";
import type { ReactElement } from "react";
import { Header } from "./Header";
import classes from "./Shell.module.css";

export function Shell(): ReactElement {
  return (
    <>
      <a className="skip-link" href="#main">
        Skip to the page
      </a>
      <AppShell header={{ height: 52 }} padding={0}>
        <AppShell.Header className={classes["header"] ?? ""}>
          <Header />
        </AppShell.Header>
        <AppShell.Main id="main" tabIndex={-1} className={classes["main"] ?? ""}>
          <Outlet />
        </AppShell.Main>
      </AppShell>
    </>
  );
}
