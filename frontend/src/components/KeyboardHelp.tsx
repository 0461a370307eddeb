/** The list of keyboard shortcuts. */
import { Group, Kbd, Modal, SimpleGrid, Stack, Text, Title } from "@mantine/core";
import type { ReactElement } from "react";
import { PAGES } from "@/lib/pages";

interface Props {
  readonly isOpen: boolean;
  readonly onClose: () => void;
}

const GROUPS: readonly (readonly [title: string, keys: readonly (readonly [keys: string, what: string])[]])[] = [
  [
    "Anywhere",
    [
      ["Ctrl K", "Command palette"],
      ["n", "New task"],
      ...PAGES.map(({ key, word }): [string, string] => [`g ${key}`, `Go to ${word}`]),
      ["g i", "Go to GraphiQL"],
      ["t", "Light or dark"],
      ["?", "This help"],
    ],
  ],
  [
    "In the list",
    [
      ["/", "Search"],
      ["j k", "Down, up"],
      ["Space", "Peek"],
      ["Enter", "Open"],
      ["x", "Select"],
      ["Shift X", "Select up to here"],
      ["r", "Retry the selection, or the row"],
      ["c", "Cancel the selection, or the row"],
      ["Esc", "Close the peek"],
    ],
  ],
  [
    "On a task",
    [
      ["r", "Retry"],
      ["c", "Cancel"],
    ],
  ],
];

export function KeyboardHelp({ isOpen, onClose }: Props): ReactElement {
  return (
    <Modal opened={isOpen} onClose={onClose} title="Keyboard shortcuts" size="lg">
      <SimpleGrid cols={{ base: 1, xs: 2 }} spacing="xl">
        {GROUPS.map(([title, keys]) => (
          <Stack key={title} gap={8}>
            <Title order={3} size="xs" c="dimmed" fw={500}>
              {title}
            </Title>
            {keys.map(([pressed, what]) => (
              <Group key={pressed} justify="space-between" wrap="nowrap">
                <Text size="sm">{what}</Text>
                <Group gap={4} wrap="nowrap">
                  {pressed.split(" ").map((key) => (
                    <Kbd key={key}>{key}</Kbd>
                  ))}
                </Group>
              </Group>
            ))}
          </Stack>
        ))}
      </SimpleGrid>
    </Modal>
  );
}
