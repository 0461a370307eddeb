/** The form for a new task. What the API refuses lands on its field. */
import { Alert, Autocomplete, Button, Group, TextInput } from "@mantine/core";
import { useForm } from "@mantine/form";
import { IconPlus } from "@tabler/icons-react";
import { useNavigate } from "@tanstack/react-router";
import { type KeyboardEvent, type SyntheticEvent, type ReactElement, useRef, useState } from "react";
import { useCreateTask } from "@/hooks/useCreateTask";
import { useSuggestions } from "@/hooks/useSuggestions";
import { check, EMPTY, type NewTaskValues } from "@/lib/newTask";
import { JsonEditor } from "./JsonEditor";
import classes from "./NewTaskForm.module.css";

interface Props {
  readonly initial?: NewTaskValues;
  /** After it was created, before its page is shown. */
  readonly onDone?: () => void;
}

export function NewTaskForm({ initial = EMPTY, onDone }: Props): ReactElement {
  const navigate = useNavigate();
  const { kinds, queues } = useSuggestions();
  const { create, isBusy } = useCreateTask();
  const [problem, setProblem] = useState<string | null>(null);
  const element = useRef<HTMLFormElement>(null);
  const form = useForm<NewTaskValues>({
    initialValues: initial,
    validate: (values) => check(values),
    validateInputOnBlur: ["title"],
    onSubmitPreventDefault: "always",
  });

  const showFirst = (): void => {
    setTimeout(() => element.current?.querySelector<HTMLElement>("[aria-invalid=true]")?.focus());
  };
  const submit = async (values: NewTaskValues): Promise<void> => {
    if (isBusy) return;
    setProblem(null);
    const { id, refusal } = await create(values);
    if (id !== undefined) {
      onDone?.();
      await navigate({ to: "/task/$taskId", params: { taskId: id } });
      return;
    }
    form.setErrors(refusal.fields);
    setProblem(refusal.rest);
    showFirst();
  };
  const onSubmit = (event?: SyntheticEvent<HTMLFormElement>): void => {
    form.onSubmit((values) => void submit(values), showFirst)(event);
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) onSubmit();
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
      <TextInput
        label="Title"
        description="What people call it."
        placeholder="Resize album"
        required
        data-autofocus
        {...form.getInputProps("title")}
      />
      <div className={classes["pair"]}>
        <Autocomplete
          label="Kind"
          description="Which handler runs it."
          placeholder="message"
          data={[...kinds]}
          maxDropdownHeight={240}
          {...form.getInputProps("kind")}
        />
        <Autocomplete
          label="Queue"
          description="Where it waits for a worker."
          placeholder="default"
          data={[...queues]}
          maxDropdownHeight={240}
          {...form.getInputProps("queue")}
        />
      </div>
      <JsonEditor
        label="Payload"
        description="What the handler is given: a JSON object, or nothing."
        value={form.values.payload}
        onChange={(payload) => form.setFieldValue("payload", payload)}
        error={typeof form.errors["payload"] === "string" ? form.errors["payload"] : undefined}
      />
      <div className={classes["pair"]}>
        <TextInput
          type="datetime-local"
          step={1}
          label="Run at"
          description={`Not before this instant, ${zoneName()}. Empty: now.`}
          {...form.getInputProps("runAt")}
        />
        <TextInput
          label="Attempts"
          description="At most so many. Empty: as the handler says."
          placeholder="3"
          inputMode="numeric"
          {...form.getInputProps("maxAttempts")}
        />
      </div>
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
        <Button type="submit" loading={isBusy} leftSection={<IconPlus size={16} aria-hidden />}>
          Create task
        </Button>
      </Group>
    </form>
  );
}

const zoneName = (): string => Intl.DateTimeFormat("en").resolvedOptions().timeZone;
