/** Creates a task at most once for the same values: they are sent with the same idempotency key. */
import { CombinedGraphQLErrors } from "@apollo/client/errors";
import { useMutation } from "@apollo/client/react";
import { useRef } from "react";
import { CreateTaskDocument } from "@/generated/graphql";
import { newKey, type NewTaskValues, type Refusal, refusalOfFields, toInput } from "@/lib/newTask";
import { refusalOf } from "@/lib/refusal";

export type Created =
  { readonly id: string; readonly refusal?: never } | { readonly id?: never; readonly refusal: Refusal };

interface Creation {
  readonly isBusy: boolean;
  readonly create: (values: NewTaskValues) => Promise<Created>;
}

export function useCreateTask(): Creation {
  const [mutate, { loading }] = useMutation(CreateTaskDocument);
  /** A request whose answer was lost may have created the task: sent again with the same key, it finds that task. */
  const last = useRef({ values: "", key: "" });
  return {
    isBusy: loading,
    create: async (values) => {
      const written = JSON.stringify(values);
      if (last.current.values !== written) last.current = { values: written, key: newKey() };
      try {
        const { data } = await mutate({ variables: { input: toInput(values, last.current.key) } });
        if (data) return { id: data.createTask.task.id };
        return { refusal: { fields: {}, rest: "The API answered with nothing" } };
      } catch (error) {
        const first = CombinedGraphQLErrors.is(error) ? error.errors[0] : undefined;
        return { refusal: refusalOfFields(first?.extensions, refusalOf(error)) };
      }
    },
  };
}
