/** The state of the form for a new task: its values, their errors, and the request that creates the task. */
import { useForm, type UseFormReturnType } from "@mantine/form";
import { useNavigate } from "@tanstack/react-router";
import { type RefObject, type SyntheticEvent, useRef, useState } from "react";
import { check, type NewTaskValues } from "@/lib/newTask";
import { useCreateTask } from "./useCreateTask";

interface NewTaskFormState {
  readonly form: UseFormReturnType<NewTaskValues>;
  readonly element: RefObject<HTMLFormElement | null>;
  readonly isBusy: boolean;
  /** An error of the API that belongs to no field. */
  readonly problem: string | null;
  readonly onSubmit: (event?: SyntheticEvent<HTMLFormElement>) => void;
}

/** `onDone` is called after the task was created, before its page is shown. */
export function useNewTaskForm(initial: NewTaskValues, onDone?: () => void): NewTaskFormState {
  const navigate = useNavigate();
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
  return { form, element, isBusy, problem, onSubmit };
}
