/** The form for a new task. An error of the API is shown at its field. */
import { Alert, Button, Group } from "@mantine/core";
import { IconPlus } from "@tabler/icons-react";
import type { KeyboardEvent, ReactElement } from "react";
import { ActionButton } from "@/components/ActionButton";
import { useNewTaskForm } from "@/hooks/useNewTaskForm";
import { useWhyNot } from "@/hooks/useViewer";
import type { NewTaskValues } from "@/lib/newTask";
import { NewTaskFields } from "./NewTaskFields";
import classes from "./NewTaskForm.module.css";

interface Props {
  /** What it begins with, in place of the draft. */
  readonly initial?: NewTaskValues;
  /** Called after the task was created, before its page is shown. */
  readonly onDone?: () => void;
}

export function NewTaskForm({ initial, onDone }: Props): ReactElement {
  const { form, element, isBusy, problem, onSubmit, isDraft, onClear } = useNewTaskForm(initial, onDone);
  const whyNot = useWhyNot("OPERATOR");
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && whyNot === null) onSubmit();
  };

  return (
    <form
      ref={element}
      className={classes["form"]}
      aria-label="New task"
      aria-busy={isBusy}
      noValidate
      onSubmit={onSubmit}
      onKeyDown={onKeyDown}
    >
      <NewTaskFields form={form} />
      {problem !== null && (
        <Alert
          color="rose"
          variant="light"
          role="alert"
          title="It was not created"
          className={classes["problem"] ?? ""}
        >
          {problem}
        </Alert>
      )}
      <Group justify="flex-end" gap="sm">
        <span className={classes["hint"]}>
          <kbd>Ctrl</kbd> <kbd>Enter</kbd>
        </span>
        {isDraft && (
          <Button variant="subtle" color="gray" onClick={onClear}>
            Clear
          </Button>
        )}
        <ActionButton
          type="submit"
          variant="filled"
          size="sm"
          label="Create task"
          icon={<IconPlus size={16} aria-hidden />}
          why={whyNot}
          isBusy={isBusy}
        />
      </Group>
    </form>
  );
}
