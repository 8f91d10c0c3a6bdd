import { ConnectionError, type ConnectionEnd } from "../../../runtime/contract/errors.ts";
import { ProtocolErrorWatch } from "../../../runtime/connection/protocol-error-watch.ts";

function ended(end: ConnectionEnd | undefined): ConnectionError {
  return new ConnectionError("source x broke the protocol: no topic", { retryable: true, end });
}

/** What the watch says of connections that each last for so long. */
function judge(ends: readonly (ConnectionEnd | undefined)[], lastedMs = 0): (string | undefined)[] {
  const watch = new ProtocolErrorWatch();
  return ends.map((end) => {
    watch.onConnected(0);
    return watch.onEnd(ended(end), lastedMs);
  });
}

describe("ProtocolErrorWatch", () => {
  test("gives a source up whose connections ended five times in a row at what it sent", () => {
    const said = judge(["protocolError", "protocolError", "protocolError", "protocolError", "protocolError"]);

    expect(said.slice(0, 4)).toEqual([undefined, undefined, undefined, undefined]);
    expect(said[4]).toMatch(/^source x broke the protocol: no topic, 5 times in a row; .*remove this client's session/);
  });

  test.each(["peer", undefined] as const)("begins anew after an end of another kind: %s", (other) => {
    const said = judge([
      "protocolError",
      "protocolError",
      "protocolError",
      "protocolError",
      other,
      "protocolError",
      "protocolError",
      "protocolError",
      "protocolError",
    ]);

    expect(new Set(said)).toEqual(new Set([undefined]));
  });

  test("begins anew with a connection that lasted for more than a minute", () => {
    const often = Array.from({ length: 20 }, () => "protocolError" as const);

    expect(new Set(judge(often, 60_001))).toEqual(new Set([undefined]));
    expect(judge(often, 60_000)[4]).toBeDefined();
  });
});
