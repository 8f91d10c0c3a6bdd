import { programOf } from "../../components/program.ts";

/** A client of the engine's monitor, as gRPC makes it. */
const client = (address: string) => ({ getChannel: () => ({ getTarget: () => address }) });

test("a program is told by its client of the monitor", () => {
  const [one, other] = [client("127.0.0.1:1"), client("127.0.0.1:1")];

  expect(programOf(one, false)).toBe(programOf(one, false));
  expect(programOf(one, false)).not.toBe(programOf(other, false));
});

test("in a plugin, which has a client for each component, a program is told by the monitor's address", () => {
  expect(programOf(client("127.0.0.1:1"), true)).toBe(programOf(client("127.0.0.1:1"), true));
  expect(programOf(client("127.0.0.1:1"), true)).not.toBe(programOf(client("127.0.0.1:2"), true));
});
