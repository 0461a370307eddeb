/** The reader's preferences: colour scheme, format of times, toasts; and who they are, where somebody signed in. */
import { ActionIcon, Divider, Popover, SegmentedControl, Stack, Text, useMantineColorScheme } from "@mantine/core";
import { IconAdjustmentsHorizontal, IconKeyboard } from "@tabler/icons-react";
import { type ReactElement, useId } from "react";
import { setPreferences, type TimeStyle, type ToastStyle, usePreferences } from "@/lib/preferences";
import { Account } from "./Account";
import { MenuButton } from "./MenuButton";

type Scheme = "auto" | "light" | "dark";

export function PreferencesMenu({ onHelp }: { readonly onHelp: () => void }): ReactElement {
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  const { time, toasts } = usePreferences();
  return (
    <Popover position="bottom-end" shadow="lg" width={264} trapFocus>
      <Popover.Target>
        <ActionIcon variant="subtle" color="gray" size={32} aria-label="Preferences">
          <IconAdjustmentsHorizontal size={18} stroke={1.7} aria-hidden />
        </ActionIcon>
      </Popover.Target>
      <Popover.Dropdown>
        <Stack gap="sm">
          <Choice<Scheme>
            label="Theme"
            value={colorScheme}
            onChange={setColorScheme}
            options={{ auto: "System", light: "Light", dark: "Dark" }}
          />
          <Choice<TimeStyle>
            label="Times"
            value={time}
            onChange={(chosen) => setPreferences({ time: chosen })}
            options={{ relative: "Relative", local: "Local", utc: "UTC" }}
          />
          <Choice<ToastStyle>
            label="Toasts"
            value={toasts}
            onChange={(chosen) => setPreferences({ toasts: chosen })}
            options={{ all: "All", failures: "Failures", none: "None" }}
          />
          <Divider />
          <MenuButton icon={<IconKeyboard size={16} aria-hidden />} onClick={onHelp}>
            Keyboard shortcuts
          </MenuButton>
          <Account />
        </Stack>
      </Popover.Dropdown>
    </Popover>
  );
}

interface ChoiceProps<Value extends string> {
  readonly label: string;
  readonly value: Value;
  readonly onChange: (value: Value) => void;
  readonly options: Readonly<Record<Value, string>>;
}

function Choice<Value extends string>({ label, value, onChange, options }: ChoiceProps<Value>): ReactElement {
  const id = useId();
  return (
    <div>
      <Text id={id} size="xs" c="dimmed" mb={4}>
        {label}
      </Text>
      <SegmentedControl
        fullWidth
        size="xs"
        aria-labelledby={id}
        value={value}
        onChange={(chosen) => onChange(chosen as Value)}
        data={Object.entries<string>(options).map(([key, text]) => ({ value: key, label: text }))}
      />
    </div>
  );
}
