/** The state of the form for a new task: its values, their errors, and the request that creates the task. */
import { useForm, type UseFormReturnType } from "@mantine/form";
import { useNavigate } from "@tanstack/react-router";
import { type RefObject, type SyntheticEvent, useRef, useState } from "react";
import { forgetDraft, keepDraft, recallDraft } from "@/lib/draft";
import { check, EMPTY, type NewTaskValues } from "@/lib/newTask";
import { useCreateTask } from "./useCreateTask";

interface NewTaskFormState {
  readonly form: UseFormReturnType<NewTaskValues>;
  readonly element: RefObject<HTMLFormElement | null>;
  readonly isBusy: boolean;
  /** An error of the API that belongs to no field. */
  readonly problem: string | null;
  readonly onSubmit: (event?: SyntheticEvent<HTMLFormElement>) => void;
  /** Whether there is a draft, which is kept however the form is left. */
  readonly isDraft: boolean;
  readonly onClear: () => void;
}

/** Without `initial` it begins with the draft. `onDone` is called after the task was created, before its page is shown. */
export function useNewTaskForm(initial: NewTaskValues | undefined, onDone?: () => void): NewTaskFormState {
  const navigate = useNavigate();
  const { create, isBusy } = useCreateTask();
  const [problem, setProblem] = useState<string | null>(null);
  const element = useRef<HTMLFormElement>(null);
  const { form, isDraft, clear } = useDraft(initial);
  const showFirst = (): void => {
    setTimeout(() => element.current?.querySelector<HTMLElement>("[aria-invalid=true]")?.focus());
  };
  const submit = async (values: NewTaskValues): Promise<void> => {
    if (isBusy) return;
    setProblem(null);
    const { id, refusal } = await create(values);
    if (id !== undefined) {
      if (initial === undefined) forgetDraft();
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
  const onClear = (): void => {
    clear();
    setProblem(null);
  };
  return { form, element, isBusy, problem, onSubmit, isDraft, onClear };
}

interface Draft {
  readonly form: UseFormReturnType<NewTaskValues>;
  readonly isDraft: boolean;
  readonly clear: () => void;
}

/** The values of a form that keeps its draft, unless it began with `initial`. */
function useDraft(initial: NewTaskValues | undefined): Draft {
  const [initialValues] = useState(() => initial ?? recallDraft());
  const form = useForm<NewTaskValues>({
    initialValues,
    ...(initial === undefined && { onValuesChange: keepDraft }),
    validate: (values) => check(values),
    validateInputOnBlur: ["title"],
    onSubmitPreventDefault: "always",
  });
  const clear = (): void => {
    form.setValues(EMPTY);
    form.clearErrors();
  };
  return { form, isDraft: initial === undefined && Object.values(form.values).some((value) => value !== ""), clear };
}
