/** Who is signed in, with which role, and the button that signs out. Nothing where the API takes everybody. */
import { Divider, Text } from "@mantine/core";
import { IconLogout } from "@tabler/icons-react";
import type { ReactElement } from "react";
import { useSignOut } from "@/hooks/useSignOut";
import { useViewer } from "@/hooks/useViewer";
import { ROLE_WORD } from "@/lib/roles";
import { MenuButton } from "./MenuButton";

export function Account(): ReactElement | null {
  const viewer = useViewer();
  const signOut = useSignOut();
  if (viewer === null || viewer.name === null) return null;
  return (
    <>
      <Divider />
      <Text size="sm" px={10} style={{ overflowWrap: "anywhere" }}>
        Signed in as <b>{viewer.name}</b>
        <Text span inherit c="dimmed">
          {" "}
          · {ROLE_WORD[viewer.role]}
        </Text>
      </Text>
      <MenuButton icon={<IconLogout size={16} aria-hidden />} onClick={signOut}>
        Sign out
      </MenuButton>
    </>
  );
}
