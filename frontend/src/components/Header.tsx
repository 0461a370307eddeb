/** The header of every page: navigation, connection, command palette, preferences. */
import { Group, UnstyledButton, VisuallyHidden } from "@mantine/core";
import { IconChartHistogram, IconCommand, IconList, IconPlus, IconTerminal2 } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import type { ReactElement } from "react";
import { hrefOf } from "@/lib/config";
import { ConnectionIndicator } from "./ConnectionIndicator";
import classes from "./Header.module.css";
import { PreferencesMenu } from "./PreferencesMenu";

const isMac = /mac|iphone|ipad/i.test(navigator.userAgent);
const ICON = { size: 17, stroke: 1.7, "aria-hidden": true } as const;

interface Props {
  readonly onHelp: () => void;
  readonly onSearch: () => void;
}

export function Header({ onHelp, onSearch }: Props): ReactElement {
  return (
    <Group className={classes["bar"] ?? ""} wrap="nowrap" gap="xs">
      <Link to="/" className={classes["brand"]} aria-label="TaskFlow">
        <img src={hrefOf("/favicon.svg")} alt="" width={24} height={24} />
        <span className={classes["name"]}>TaskFlow</span>
      </Link>
      <nav className={classes["nav"]} aria-label="Pages">
        <Link to="/" className={classes["link"]} activeOptions={{ exact: true, includeSearch: false }}>
          <IconList {...ICON} /> <span>Tasks</span>
        </Link>
        <Link to="/overview" className={classes["link"]}>
          <IconChartHistogram {...ICON} /> <span>Overview</span>
        </Link>
        <Link to="/new" className={classes["link"]}>
          <IconPlus {...ICON} /> <span>New task</span>
        </Link>
        <a href={hrefOf("/graphql")} className={classes["link"]}>
          <IconTerminal2 {...ICON} /> <span>GraphiQL</span>
        </a>
      </nav>
      <Group gap="xs" wrap="nowrap" ml="auto">
        <ConnectionIndicator />
        <UnstyledButton className={classes["palette"] ?? ""} onClick={onSearch}>
          <IconCommand {...ICON} />
          <VisuallyHidden>Command palette</VisuallyHidden>
          <kbd className={classes["key"]}>{isMac ? "⌘" : "Ctrl"} K</kbd>
        </UnstyledButton>
        <PreferencesMenu onHelp={onHelp} />
      </Group>
    </Group>
  );
}
