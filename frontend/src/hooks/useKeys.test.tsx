import { render } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import type { ReactElement } from "react";
import { expect, test, vi } from "vitest";
import { type Keys, useKeys } from "./useKeys";

function Page({ keys }: { readonly keys: Keys }): ReactElement {
  useKeys(keys);
  return (
    <>
      <input aria-label="text" />
      <button>button</button>
      <div role="dialog">
        <span tabIndex={0}>inside</span>
      </div>
    </>
  );
}

function open(...names: string[]) {
  const keys = Object.fromEntries(names.map((name) => [name, vi.fn<() => void>()]));
  const { getByLabelText, getByText } = render(<Page keys={keys} />);
  return { keys, text: getByLabelText("text"), button: getByText("button"), inside: getByText("inside") };
}

test("a key does its work, and two in a row theirs", async () => {
  const { keys } = open("j", "t", "g t");
  await userEvent.keyboard("jgt");
  expect(keys["j"]).toHaveBeenCalledOnce();
  expect(keys["g t"]).toHaveBeenCalledOnce();
  expect(keys["t"]).not.toHaveBeenCalled();
});

test("keys are ignored while the reader types or a dialog is open", async () => {
  const { keys, text, inside } = open("j");
  text.focus();
  await userEvent.keyboard("j");
  inside.focus();
  await userEvent.keyboard("j");
  expect(keys["j"]).not.toHaveBeenCalled();
});

test("a button that has the focus takes Enter and Space, and nothing else", async () => {
  const { keys, button } = open("j", "Enter", " ");
  button.focus();
  await userEvent.keyboard("j{Enter} ");
  expect(keys["j"]).toHaveBeenCalledOnce();
  expect(keys["Enter"]).not.toHaveBeenCalled();
  expect(keys[" "]).not.toHaveBeenCalled();
});

test("a chord belongs to the browser", async () => {
  const { keys } = open("c");
  await userEvent.keyboard("{Control>}c{/Control}");
  expect(keys["c"]).not.toHaveBeenCalled();
});
