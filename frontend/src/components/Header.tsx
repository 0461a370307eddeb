/** The header of every page: navigation, connection, a new task, GraphiQL, command palette, preferences. */
import { Group, Tooltip, UnstyledButton, VisuallyHidden } from "@mantine/core";
import { IconCommand, IconPlus, IconTerminal2 } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import type { ReactElement } from "react";
import { hrefOf } from "@/lib/config";
import { ConnectionIndicator } from "./ConnectionIndicator";
import classes from "./Header.module.css";
import { Nav } from "./Nav";
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
      <Nav />
      <Group gap="xs" wrap="nowrap" ml="auto">
        <ConnectionIndicator />
        <Link to="/new" className={classes["new"]}>
          <IconPlus {...ICON} size={16} /> <span className={classes["word"]}>New task</span>
        </Link>
        <Tooltip label="GraphiQL">
          <a href={hrefOf("/graphql")} className={classes["ide"]} aria-label="GraphiQL">
            <IconTerminal2 {...ICON} size={18} />
          </a>
        </Tooltip>
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
