import { randomBytes } from "node:crypto";

import fc from "fast-check";

import type { RowHeader, WriteRequest } from "../../../runtime/disk/protocol.ts";
import { WriteBatch } from "../../../runtime/disk/write-batch.ts";

const row = (sequence: number, packetBytes: number): RowHeader => ({
  sequence,
  arrivedMs: 0,
  inputTopic: undefined,
  packetBytes,
  isDeadLetter: false,
});

/** The packets of a request, cut as its rows say. */
function packetsOf({ rows, packets }: WriteRequest): string[] {
  let start = 0;
  return rows.map(({ packetBytes }) => Buffer.from(packets.subarray(start, (start += packetBytes))).toString("hex"));
}

describe("WriteBatch", () => {
  test("hands over every packet as it came, however many and large", () => {
    const sizes = fc.array(fc.oneof(fc.nat(64), fc.nat(40_000)), { maxLength: 20 });
    fc.assert(
      fc.property(sizes, (lengths) => {
        const batch = new WriteBatch();
        const packets = lengths.map((length) => randomBytes(length));
        for (const [index, packet] of packets.entries()) batch.addRow(row(index + 1, packet.length), packet);

        expect(packetsOf(batch.take("flow", 1, 0))).toEqual(packets.map((packet) => packet.toString("hex")));
      }),
    );
  });

  test("copies a packet as it comes: its bytes may be used again at once", () => {
    const batch = new WriteBatch();
    const packet = Buffer.from("first");
    batch.addRow(row(1, packet.length), packet);
    packet.fill(0);

    expect(packetsOf(batch.take("flow", 1, 0))).toEqual([Buffer.from("first").toString("hex")]);
  });

  test("counts the topics beside the packets, so that it is handed over before they are too many", () => {
    const batch = new WriteBatch();
    batch.addRow({ ...row(1, 1), inputTopic: "x".repeat(500) }, Buffer.from("a"));
    expect(batch.bytes).toBe(1001);

    batch.take("flow", 1, 0);
    expect(batch.bytes).toBe(0);
  });

  test("begins anew after it was taken, with a buffer of its own: the one before is on its way to another thread", () => {
    const batch = new WriteBatch();
    batch.addRow(row(1, 1), Buffer.from("a"));
    const first = batch.take("flow", 1, 0);
    batch.addRow(row(2, 1), Buffer.from("b"));
    const second = batch.take("flow", 2, 0);

    expect(second.packets.buffer).not.toBe(first.packets.buffer);
    expect([packetsOf(first), packetsOf(second)]).toEqual([["61"], ["62"]]);
    expect([first.rows, second.rows].map((rows) => rows.map(({ sequence }) => sequence))).toEqual([[1], [2]]);
  });

  test.each<[string, (batch: WriteBatch) => void, Partial<WriteRequest>]>([
    [
      "a message",
      (batch) => {
        batch.addRow(row(7, 0), Buffer.alloc(0));
      },
      { rows: [row(7, 0)] },
    ],
    [
      "a message that is forgotten",
      (batch) => {
        batch.remove(7);
      },
      { removed: [7] },
    ],
    [
      "the filters",
      (batch) => {
        batch.setFilters(["a/#"]);
      },
      { filters: ["a/#"] },
    ],
    [
      "no filter at all",
      (batch) => {
        batch.setFilters([]);
      },
      { filters: [] },
    ],
    [
      "a dead letter",
      (batch) => {
        batch.addDeadLetter(deadLetter);
      },
      {
        deadLetters: [
          { time: "", reason: "r", topic: "t", destinationTopic: "", properties: "{}", payload: Buffer.alloc(1) },
        ],
      },
    ],
  ])("is not empty with %s in it, which it hands over once", (_what, add, expected) => {
    const batch = new WriteBatch();
    expect(batch.isEmpty).toBe(true);

    add(batch);

    expect(batch.isEmpty).toBe(false);
    expect(batch.take("flow", 3, 5)).toMatchObject({ kind: "write", queue: "flow", batch: 3, clockMs: 5, ...expected });
    expect(batch.isEmpty).toBe(true);
    const again = batch.take("flow", 4, 5);
    expect([again.rows, again.removed, again.deadLetters, again.packets.length]).toEqual([[], [], [], 0]);
    expect("filters" in again).toBe(false);
  });
});

const deadLetter = {
  time: "",
  reason: "r",
  topic: "t",
  destinationTopic: "",
  properties: "{}",
  payload: Buffer.alloc(1),
};
