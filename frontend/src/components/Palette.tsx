/** The command palette: opens a page, a task by its id or a search, and sets a preference. */
import { Spotlight, type SpotlightActionData } from "@mantine/spotlight";
import {
  IconClock,
  IconFileSearch,
  IconKeyboard,
  IconMoon,
  IconPlus,
  IconSearch,
  IconTerminal2,
} from "@tabler/icons-react";
import { useNavigate } from "@tanstack/react-router";
import { type ReactElement, useState } from "react";
import { useViewer } from "@/hooks/useViewer";
import { hrefOf } from "@/lib/config";
import { PAGES } from "@/lib/pages";
import { setPreferences } from "@/lib/preferences";
import { STATUS, STATUSES } from "@/lib/status";

const ID = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/i;
const ICON = { size: 18, stroke: 1.6, "aria-hidden": true } as const;

interface Props {
  readonly onHelp: () => void;
  readonly onNewTask: () => void;
  readonly onToggleScheme: () => void;
}

export function Palette(props: Props): ReactElement {
  const navigate = useNavigate();
  const [query, setQuery] = useState("");
  const isAdmin = useViewer()?.role === "ADMIN";
  return (
    <Spotlight
      query={query}
      onQueryChange={setQuery}
      actions={[
        ...findings(query.trim(), navigate),
        { group: "Go to", actions: pages(props, isAdmin, navigate) },
        { group: "Tasks by status", actions: views(navigate) },
        { group: "Preferences", actions: preferences(props) },
      ]}
      shortcut={null}
      nothingFound="Nothing found"
      scrollable
      maxHeight={420}
      highlightQuery
      overlayProps={{ backgroundOpacity: 0.35, blur: 1 }}
      searchProps={{
        leftSection: <IconSearch size={18} aria-hidden />,
        placeholder: "Go to a page or a task's id, search titles, …",
        "aria-label": "Command",
      }}
    />
  );
}

type Actions = readonly SpotlightActionData[];
type Navigate = ReturnType<typeof useNavigate>;

/** The action for the typed text: open the task with this id, or search. */
function findings(typed: string, navigate: Navigate): Actions {
  if (typed === "") return [];
  if (ID.test(typed)) {
    return [
      {
        id: "open",
        label: "Open this task",
        description: typed,
        keywords: typed,
        leftSection: <IconFileSearch {...ICON} />,
        onClick: () => void navigate({ to: "/task/$taskId", params: { taskId: typed.toLowerCase() } }),
      },
    ];
  }
  return [
    {
      id: "search",
      label: `Search tasks for “${typed}”`,
      keywords: typed,
      leftSection: <IconSearch {...ICON} />,
      onClick: () => void navigate({ to: "/", search: { q: typed } }),
    },
  ];
}

function pages({ onNewTask }: Props, isAdmin: boolean, navigate: Navigate): SpotlightActionData[] {
  return [
    ...PAGES.filter(({ to }) => to !== "/audit" || isAdmin).map(({ to, word, icon: Icon }) => ({
      id: to,
      label: word,
      leftSection: <Icon {...ICON} />,
      onClick: () => void navigate({ to }),
    })),
    {
      id: "new",
      label: "New task",
      keywords: ["create", "submit"],
      leftSection: <IconPlus {...ICON} />,
      onClick: onNewTask,
    },
    {
      id: "graphiql",
      label: "GraphiQL",
      leftSection: <IconTerminal2 {...ICON} />,
      onClick: () => window.location.assign(hrefOf("/graphql")),
    },
  ];
}

function views(navigate: Navigate): SpotlightActionData[] {
  return STATUSES.map((status) => {
    const { word, icon: Icon, color } = STATUS[status];
    return {
      id: status,
      label: `${word} tasks`,
      leftSection: <Icon size={16} aria-hidden color={`var(--tf-${color}-mark)`} />,
      onClick: () => void navigate({ to: "/", search: { status: [status] } }),
    };
  });
}

function preferences({ onToggleScheme, onHelp }: Props): SpotlightActionData[] {
  return [
    { id: "theme", label: "Light or dark", leftSection: <IconMoon {...ICON} />, onClick: onToggleScheme },
    ...(["relative", "local", "utc"] as const).map((time) => ({
      id: `time-${time}`,
      label: `Times: ${time === "utc" ? "UTC" : time}`,
      leftSection: <IconClock {...ICON} />,
      onClick: () => setPreferences({ time }),
    })),
    { id: "help", label: "Keyboard shortcuts", leftSection: <IconKeyboard {...ICON} />, onClick: onHelp },
  ];
}
