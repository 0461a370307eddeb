/** Edit and resubmit a task, or copy it as code. */
import { Button, Menu } from "@mantine/core";
import {
  IconBrandGraphql,
  IconBrandPython,
  IconChevronDown,
  IconCopy,
  IconPencil,
  IconTerminal2,
} from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import type { ReactElement } from "react";
import type { TaskHead_taskFragment } from "@/generated/graphql";
import { copyText } from "@/lib/clipboard";
import { currentEndpoints } from "@/lib/config";
import { present } from "@/lib/clock";
import { sayHidden, withoutHidden } from "@/lib/hidden";
import { scheduled } from "@/lib/newTask";
import { asCurl, asGraphQL, asPython, type Recipe } from "@/lib/snippets";
import { notifications } from "@mantine/notifications";

const ICON = { size: 15, stroke: 1.7, "aria-hidden": true } as const;

/** `hidden` says which fields of the payload the text leaves empty. */
async function copy(what: string, text: string, hidden: string | null): Promise<void> {
  const done = await copyText(text);
  notifications.show({
    message: done ? [`Copied as ${what}`, hidden].filter(Boolean).join(". ") : "This browser does not let pages copy",
    autoClose: hidden === null ? 2_500 : 8_000,
  });
}

export function TaskMenu({ task }: { readonly task: TaskHead_taskFragment }): ReactElement {
  const url = currentEndpoints().http;
  const { value: payload, paths } = withoutHidden(task.payload);
  const hidden = sayHidden(paths);
  const recipe = (): Recipe => ({ ...task, payload, runAt: scheduled(task, present()) });
  return (
    <>
      <Button
        renderRoot={(props) => <Link to="/new" search={{ from: task.id }} {...props} />}
        size="xs"
        variant="default"
        leftSection={<IconPencil size={14} aria-hidden />}
      >
        Edit and resubmit
      </Button>
      <Menu position="bottom-end" width={200}>
        <Menu.Target>
          <Button
            size="xs"
            variant="default"
            leftSection={<IconCopy size={14} aria-hidden />}
            rightSection={<IconChevronDown size={13} aria-hidden />}
          >
            Copy as
          </Button>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item
            leftSection={<IconBrandGraphql {...ICON} />}
            onClick={() => void copy("GraphQL", asGraphQL(recipe()), hidden)}
          >
            GraphQL
          </Menu.Item>
          <Menu.Item
            leftSection={<IconTerminal2 {...ICON} />}
            onClick={() => void copy("curl", asCurl(recipe(), url), hidden)}
          >
            curl
          </Menu.Item>
          <Menu.Item
            leftSection={<IconBrandPython {...ICON} />}
            onClick={() => void copy("Python", asPython(recipe(), url), hidden)}
          >
            Python
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
    </>
  );
}
