import { expect, test, vi } from "vitest";
import { socketOptions } from "./access";

test("the token goes along when the socket connects, and without one nothing does", () => {
  const onRefused = vi.fn();
  expect(socketOptions({ token: "secret", onRefused })).toMatchObject({ connectionParams: { token: "secret" } });
  expect(socketOptions({ token: null, onRefused })).not.toHaveProperty("connectionParams");
});

test.each([
  [4403, 1],
  [1006, 0],
  [1013, 0],
])("a socket that closes with %i refuses the token %i times", (code, times) => {
  const onRefused = vi.fn();
  socketOptions({ token: "secret", onRefused }).on.closed({ code });
  expect(onRefused).toHaveBeenCalledTimes(times);
});
