import { screen } from "@testing-library/react";
import { expect, test } from "vitest";
import { STATUS, STATUSES } from "@/lib/status";
import { renderInApp } from "@/testing/render";
import { StatusBadge } from "./StatusBadge";

test.each(STATUSES)("%s is a word beside its icon, so that it never depends on colour", (status) => {
  const { container } = renderInApp(<StatusBadge status={status} />);
  expect(screen.getByText(STATUS[status].word)).toBeDefined();
  expect(container.querySelector("svg[aria-hidden=true]")).not.toBeNull();
});
