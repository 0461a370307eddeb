import { createClient } from "graphql-ws";
import { expect, test, vi } from "vitest";
import { closeSocket, socketOptions } from "./access";

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

test("a socket that is closed while it connects, and never does, leaves no error behind", async () => {
  class Connecting {
    static readonly OPEN = 1;
    static readonly CLOSED = 3;
    static readonly CLOSING = 2;
    static readonly CONNECTING = 0;
    static last: Connecting | undefined;
    onclose: ((event: { code: number; reason: string }) => void) | undefined;
    constructor() {
      Connecting.last = this;
    }
  }
  const unhandled = vi.fn();
  process.on("unhandledRejection", unhandled);
  const socket = createClient({ url: "ws://nowhere.test", webSocketImpl: Connecting, retryAttempts: 0 });
  const leave = socket.subscribe(
    { query: "subscription { stats { total } }" },
    { next: vi.fn(), error: vi.fn(), complete: vi.fn() },
  );
  await vi.waitFor(() => expect(Connecting.last).toBeDefined());
  leave();
  closeSocket(socket);
  Connecting.last?.onclose?.({ code: 1006, reason: "" });
  await new Promise((go) => setTimeout(go, 0));
  process.off("unhandledRejection", unhandled);
  expect(unhandled).not.toHaveBeenCalled();
});
