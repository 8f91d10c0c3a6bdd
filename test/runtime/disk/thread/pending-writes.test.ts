import { PendingWrites } from "../../../../runtime/disk/thread/pending-writes.ts";
import type { WriteRequest } from "../../../../runtime/disk/protocol.ts";

function request(batch: number, more: Partial<WriteRequest> & { sequences?: readonly number[] } = {}): WriteRequest {
  const { sequences = [], ...fields } = more;
  const packets = sequences.map((sequence) => Buffer.from(`packet ${sequence}`));
  const rows = sequences.map((sequence, index) => ({
    sequence,
    arrivedMs: 0,
    inputTopic: undefined,
    packetBytes: packets[index]!.length,
    isDeadLetter: false,
  }));
  const none = { removed: [], deadLetters: [] };
  return { kind: "write", queue: "flow", batch, clockMs: 0, rows, packets: Buffer.concat(packets), ...none, ...fields };
}

function pendingOf(...requests: WriteRequest[]): PendingWrites {
  const pending = new PendingWrites();
  for (const one of requests) pending.push(one);
  return pending;
}

describe("PendingWrites", () => {
  test("gives the first requests up to a number of bytes, and one at least, in their order", () => {
    const pending = pendingOf(request(1, { sequences: [1] }), request(2, { sequences: [2] }), request(3));

    expect(pending.first(1).map(({ batch }) => batch)).toEqual([1]);
    expect(pending.first(16).map(({ batch }) => batch)).toEqual([1, 2, 3]);
    pending.shift(2);
    expect(pending.first(16).map(({ batch }) => batch)).toEqual([3]);
  });

  test.each([
    ["nothing", [], false],
    ["messages that are appended", [request(1, { sequences: [11] })], true],
    ["messages up to that one", [request(1, { sequences: [9, 10] })], false],
    ["a removal behind it", [request(1, { removed: [3, 12] })], true],
    ["removals up to that one", [request(1, { removed: [3, 10] })], false],
    ["those of another queue", [request(1, { queue: "other", sequences: [11], removed: [12] })], false],
  ])("tells whether a queue changes behind a message: %s", (_, requests, expected) => {
    expect(pendingOf(...requests).changesBehind("flow", 10)).toBe(expected);
  });

  test("takes back the write of what is to be removed, and returns the removals of what is on the disk", () => {
    const pending = pendingOf(
      request(1, { sequences: [5, 6, 7] }),
      request(2, { removed: [1, 6] }),
      request(3, { queue: "other", removed: [6] }),
    );

    const removals = pending.settleRemovals();

    expect([...removals]).toEqual([
      ["flow", [1]],
      ["other", [6]],
    ]);
    const [first] = pending.first(1000);
    expect(first?.rows.map(({ sequence }) => sequence)).toEqual([5, 7]);
    expect(Buffer.from(first?.packets ?? []).toString()).toBe("packet 5packet 7");
  });

  test("keeps the bytes of what is taken back no longer", () => {
    const pending = pendingOf(request(1, { sequences: [1, 2] }), request(2, { removed: [1, 2] }));

    pending.settleRemovals();

    expect(pending.first(1000)[0]?.packets.buffer.byteLength).toBe(0);
  });

  test("reports what has nothing left to be written, up to the first that has", () => {
    const pending = pendingOf(request(1, { removed: [1] }), request(2), request(3, { sequences: [9] }), request(4));
    expect(pending.takeDone()).toBeUndefined();
    pending.forgetRemovals();

    expect(pending.takeDone()).toBe(2);
    expect(pending.first(1000).map(({ batch }) => batch)).toEqual([3, 4]);
  });

  test.each<[string, Partial<WriteRequest>]>([
    ["filters", { filters: [] }],
    [
      "a dead letter",
      {
        deadLetters: [
          { time: "", reason: "", topic: "", destinationTopic: "", properties: "", payload: new Uint8Array(0) },
        ],
      },
    ],
    ["a loss that was counted", { isLossSettled: true }],
  ])("does not report a request as done that has %s", (_case, more) => {
    expect(pendingOf(request(1, more)).takeDone()).toBeUndefined();
  });
});
