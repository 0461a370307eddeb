/** The fields of the form for a new task. */
import { Autocomplete, TextInput } from "@mantine/core";
import type { UseFormReturnType } from "@mantine/form";
import type { ReactElement } from "react";
import { useSuggestions } from "@/hooks/useSuggestions";
import type { NewTaskValues } from "@/lib/newTask";
import { JsonEditor } from "./JsonEditor";
import classes from "./NewTaskForm.module.css";

export function NewTaskFields({ form }: { readonly form: UseFormReturnType<NewTaskValues> }): ReactElement {
  const { kinds, queues } = useSuggestions();
  return (
    <>
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
    </>
  );
}

const zoneName = (): string => Intl.DateTimeFormat("en").resolvedOptions().timeZone;
