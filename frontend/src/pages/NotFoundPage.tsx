/** The screen of an address that no page has. */
import { Button, Stack, Text, Title } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import type { ReactElement } from "react";

export function NotFoundPage(): ReactElement {
  return (
    <Stack align="center" gap="sm" py={96}>
      <Title order={1} size="h2">
        There is no such page
      </Title>
      <Text c="dimmed">The address may be mistyped, or from another version.</Text>
      <Button component={Link} to="/">
        All tasks
      </Button>
    </Stack>
  );
}
