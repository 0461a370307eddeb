import { render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test, vi } from "vitest";
import { SignIn } from "./SignIn";

const open = (refusal: string | null) => {
  const onSignIn = vi.fn(() => Promise.resolve(refusal));
  render(<SignIn why="needed" onSignIn={onSignIn} />);
  return { onSignIn, field: screen.getByLabelText("Token") };
};

test("a token goes to the API as it was pasted, without the spaces around it", async () => {
  const { onSignIn, field } = open(null);
  expect(field.getAttribute("type")).toBe("password");
  await userEvent.type(field, "  0123456789abcdef ");
  await userEvent.click(screen.getByRole("checkbox", { name: /Keep it for this tab/ }));
  await userEvent.click(screen.getByRole("button", { name: "Sign in" }));
  expect(onSignIn).toHaveBeenCalledExactlyOnceWith("0123456789abcdef", true);
});

test("a token that the API does not take: its words, at the field", async () => {
  const { field } = open("The API knows no such token.");
  await userEvent.type(field, "0123456789abcdef{Enter}");
  expect((await screen.findByRole("alert")).textContent).toBe("The API knows no such token.");
  expect(field.getAttribute("aria-invalid")).toBe("true");
});

test("what can't be a token is said without asking the API", async () => {
  const { onSignIn, field } = open(null);
  await userEvent.type(field, "two words{Enter}");
  expect(screen.getByRole("alert").textContent).toContain("no space");
  expect(onSignIn).not.toHaveBeenCalled();
});
