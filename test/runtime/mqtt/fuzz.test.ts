import { judge } from "../../fuzz/oracle.ts";
import { fuzz } from "../../fuzz/reader.ts";

/** A second or two; `npm run fuzz` reads two million. */
const packets = 60_000;

test.each([1, 20_261_126])(
  "reads random and damaged packets of a server as the specification says, with seed %d",
  (seed) => {
    const { counts, wrong } = fuzz(packets / 2, seed);

    expect(wrong).toEqual([]);
    // Each kind often enough: neither is everything refused, nor is everything taken.
    expect(Math.min(counts.accepted, counts.fault)).toBeGreaterThan(packets / 10);
  },
);

/** The oracle itself, at packets whose verdict anyone can look up. */
test.each<[string, string, object]>([
  ["a PINGRESP", "d000", { kind: "accepted", fields: {} }],
  ["half a PINGRESP", "d0", { kind: "incomplete" }],
  ["a PUBACK", "40020005", { kind: "accepted", fields: { packetId: 5, code: 0 } }],
  ["a PUBACK with packet identifier 0", "40020000", { kind: "fault", codes: new Set([0x82]) }],
  ["a PINGRESP with flags", "d100", { kind: "fault", codes: new Set([0x81]) }],
  ["a topic that is no UTF-8", "30040001ff00", { kind: "fault", codes: new Set([0x81]) }],
  [
    "a wildcard in a topic, and a topic alias",
    "3007000123032300 01".replace(" ", ""),
    { kind: "fault", codes: new Set([0x82, 0x94]) },
  ],
])("the oracle judges %s", (_case, hex, verdict) => {
  expect(judge(Buffer.from(hex, "hex"))).toEqual(verdict);
});
