import { Alert, CloseButton, Input, Modal, Notification, Select, TagsInput } from "@mantine/core";
import { screen } from "@testing-library/react";
import { expect, test } from "vitest";
import { FilterBar } from "@/components/list/FilterBar";
import { renderInApp } from "@/testing/render";

const nothing = (): void => undefined;

test("every button of Mantine's own that shows only an icon has a name", () => {
  renderInApp(
    <>
      <CloseButton />
      <Notification>A toast</Notification>
      <Alert withCloseButton closeButtonLabel="Close the alert">
        An alert
      </Alert>
      <Modal opened onClose={nothing} title="A dialog" />
      <Input.ClearButton />
      <Select aria-label="A choice" clearable data={["a"]} value="a" />
      <TagsInput aria-label="Names" clearable value={["a"]} />
    </>,
  );
  const nameless = screen
    .getAllByRole("button", { hidden: true })
    .filter((button) => !button.hasAttribute("aria-hidden") && (button.ariaLabel ?? button.textContent) === "");
  expect(nameless.map((button) => button.outerHTML)).toEqual([]);
  expect(screen.getAllByRole("button", { name: "Close", hidden: true })).toHaveLength(3);
  expect(screen.getAllByLabelText("Clear")).toHaveLength(3);
});

test("a chosen kind has a button that names what it removes", () => {
  let chosen: readonly string[] | undefined = ["mail", "resize"];
  renderInApp(
    <FilterBar
      search={{ kind: chosen }}
      searchBox={null}
      onChange={(changes) => {
        chosen = changes.kind;
      }}
      onClear={nothing}
    />,
  );
  screen.getByRole("button", { name: "Remove the kind mail" }).click();
  expect(chosen).toEqual(["resize"]);
});
