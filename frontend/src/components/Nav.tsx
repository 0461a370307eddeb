/** The links to the pages: beside each other where there is room, else in a menu that is named after the page that is open. */
import { Button, Menu } from "@mantine/core";
import { IconChevronDown, IconPlus, IconTerminal2 } from "@tabler/icons-react";
import { Link, useMatches } from "@tanstack/react-router";
import type { ReactElement } from "react";
import { type ShownPage, usePages } from "@/hooks/usePages";
import { hrefOf } from "@/lib/config";
import { formatCompact } from "@/lib/format";
import classes from "./Nav.module.css";

const ICON = { size: 17, stroke: 1.7, "aria-hidden": true } as const;

export function Nav(): ReactElement {
  const current = useMatches({ select: (matches) => matches.at(-1)?.routeId ?? "" });
  const pages = usePages(current);
  return (
    <>
      <nav className={classes["links"]} aria-label="Pages">
        {pages.map(({ page: { to, word, icon: Icon }, count }) => (
          <Link key={to} to={to} className={classes["link"]} activeOptions={{ exact: true, includeSearch: false }}>
            <Icon {...ICON} className={classes["icon"] ?? ""} /> <span>{word}</span>
            <Count of={count} />
          </Link>
        ))}
      </nav>
      <nav className={classes["menu"]} aria-label="Pages">
        <NavMenu pages={pages} current={current} />
      </nav>
    </>
  );
}

function NavMenu({ pages, current }: { readonly pages: readonly ShownPage[]; readonly current: string }): ReactElement {
  const open = pages.find(({ page }) => page.to === current);
  return (
    <Menu position="bottom-start" width={220} shadow="lg">
      <Menu.Target>
        <Button
          variant="subtle"
          color="gray"
          size="compact-md"
          rightSection={<IconChevronDown size={14} aria-hidden />}
        >
          {open?.page.word ?? (current === "/new" ? "New task" : "Pages")}
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        {pages.map(({ page: { to, word, icon: Icon }, count }) => (
          <Menu.Item
            key={to}
            renderRoot={(props) => <Link to={to} {...props} />}
            leftSection={<Icon {...ICON} />}
            rightSection={<Count of={count} />}
          >
            {word}
          </Menu.Item>
        ))}
        <Menu.Divider />
        <Menu.Item renderRoot={(props) => <Link to="/new" {...props} />} leftSection={<IconPlus {...ICON} />}>
          New task
        </Menu.Item>
        <Menu.Item component="a" href={hrefOf("/graphql")} leftSection={<IconTerminal2 {...ICON} />}>
          GraphiQL
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}

function Count({ of }: { readonly of: number | null }): ReactElement | null {
  return of === null ? null : <span className={classes["count"]}>{formatCompact(of)}</span>;
}
