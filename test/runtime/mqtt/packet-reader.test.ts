import fc from "fast-check";

import { largeBuffers } from "../../../runtime/memory/large-buffers.ts";
import type { Room } from "../../../runtime/memory/lane.ts";
import { PacketReader, type PacketGate } from "../../../runtime/mqtt/packet-reader.ts";
import { ProtocolError } from "../../../runtime/mqtt/wire/protocol-error.ts";
import { serverPacket } from "./arbitrary-packets.ts";
import { FakeRoom } from "./fake-room.ts";
import { encode } from "./scripted-broker.ts";

/** Reads chunks and keeps a copy of each packet. */
function readPackets(chunks: readonly Buffer[]): Buffer[] {
  const packets: Buffer[] = [];
  const reader = new PacketReader((bytes, start, end) => packets.push(Buffer.from(bytes.subarray(start, end))));
  for (const chunk of chunks) reader.push(chunk);
  return packets;
}

/** Cuts bytes at these positions. */
function cut(bytes: Buffer, positions: readonly number[]): Buffer[] {
  const bounds = [0, ...positions.map((at) => at % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
  return bounds.slice(1).map((end, index) => bytes.subarray(bounds[index], end));
}

function publishOf(payloadBytes: number): Buffer {
  const payload = Buffer.alloc(payloadBytes, "x");
  return encode({ cmd: "publish", qos: 1, messageId: 7, dup: false, retain: false, topic: "a/b", payload });
}

function grantedRoom(): FakeRoom {
  const room = new FakeRoom();
  room.grant();
  return room;
}

/** A gate that decides by the length alone. */
function gateOf(roomFor: (length: number) => Room | undefined): PacketGate {
  return { roomFor: (_first, length) => roomFor(length), onPassedOver: () => undefined, onRoom: () => undefined };
}

describe("PacketReader", () => {
  test("hands over the same packets whatever the chunks are", () => {
    fc.assert(
      fc.property(fc.array(serverPacket, { minLength: 1, maxLength: 8 }), fc.array(fc.nat(20_000)), (packets, cuts) => {
        const encoded = packets.map((packet) => encode(packet));

        const read = readPackets(cut(Buffer.concat(encoded), cuts));

        expect(read.map((bytes) => bytes.toString("hex"))).toEqual(encoded.map((bytes) => bytes.toString("hex")));
      }),
    );
  });

  test("takes nothing of what lies behind the end of a read: that is left of an earlier one", () => {
    const rest = Buffer.alloc(40_000, encode({ cmd: "pingresp" }));
    fc.assert(
      fc.property(fc.array(serverPacket, { minLength: 1, maxLength: 8 }), fc.array(fc.nat(20_000)), (packets, cuts) => {
        const encoded = packets.map((packet) => encode(packet).toString("hex"));
        const read: string[] = [];
        const reader = new PacketReader((bytes, start, end) => read.push(bytes.toString("hex", start, end)));

        for (const chunk of cut(Buffer.from(encoded.join(""), "hex"), cuts))
          reader.push(Buffer.concat([chunk, rest]), chunk.length);

        expect(read).toEqual(encoded);
      }),
    );
  });

  test.each([0, 1, 127, 128, 16_383, 16_384])("reads a packet of %d payload bytes one byte at a time", (size) => {
    const packet = publishOf(size);

    const read = readPackets(Array.from(packet, (byte) => Buffer.of(byte)));

    expect(read).toHaveLength(1);
    expect(read[0]?.equals(packet)).toBe(true);
  });

  test.each([1, 2, 3, 4])("reads a packet that is split behind byte %d of its header", (position) => {
    const packet = publishOf(2_100_000); // the length takes four bytes

    const read = readPackets([packet.subarray(0, position), packet.subarray(position)]);

    expect(read.map((bytes) => bytes.equals(packet))).toEqual([true]);
  });

  test("tells the length of the header, which is where the packet goes on", () => {
    const lengths: number[] = [];
    const reader = new PacketReader((_bytes, _start, _end, headerLength) => lengths.push(headerLength));

    for (const size of [1, 200, 20_000]) reader.push(publishOf(size));

    expect(lengths).toEqual([2, 3, 4]);
  });

  test("hands over a packet without anything behind its header", () => {
    expect(readPackets([Buffer.from([0xd0]), Buffer.from([0x00])])).toEqual([Buffer.from([0xd0, 0x00])]);
  });

  test("ends a run of PUBLISHes at each other packet and at each PUBLISH of QoS 0", () => {
    const publish = { cmd: "publish" as const, dup: false, retain: false, topic: "t", payload: "p" };
    const run = [
      encode({ ...publish, qos: 1, messageId: 1 }),
      encode({ ...publish, qos: 0 }),
      encode({ cmd: "puback", messageId: 9, reasonCode: 0 }),
      encode({ ...publish, qos: 1, messageId: 2 }),
      encode({ cmd: "pingresp" }),
      encode({ ...publish, qos: 0 }),
    ];

    expect(readPackets([Buffer.concat(run)])).toEqual(run);
  });

  test("hands over a packet that lies whole in a chunk without copying it", () => {
    const chunk = Buffer.concat([publishOf(10), publishOf(20)]);
    const seen: Buffer[] = [];
    const reader = new PacketReader((bytes) => seen.push(bytes));

    reader.push(chunk);

    expect(seen).toHaveLength(2);
    for (const bytes of seen) expect(bytes).toBe(chunk);
  });

  test.each([
    ["at once", [[0x30, 0xff, 0xff, 0xff, 0xff, 0x01]]],
    ["in pieces", [[0x30, 0xff], [0xff], [0xff, 0xff]]],
  ])("refuses a length of more than four bytes that comes %s", (_case, chunks) => {
    expect(() => readPackets(chunks.map((chunk) => Buffer.from(chunk)))).toThrow(ProtocolError);
  });

  test("throws nothing but ProtocolError, whatever the bytes", () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 30 })), (chunks) => {
        try {
          readPackets(chunks.map((chunk) => Buffer.from(chunk)));
        } catch (error) {
          expect(error).toBeInstanceOf(ProtocolError);
        }
      }),
    );
  });

  test("allocates for a packet no more than a small one takes, or its gate has granted, whatever a header promises", () => {
    const promise = fc.tuple(
      fc.nat(255),
      fc.array(fc.integer({ min: 0x80, max: 0xff }), { maxLength: 3 }),
      fc.nat(127),
    );
    const header = promise.map(([type, more, last]) => Buffer.from([type, ...more, last]));
    const body = fc.nat(3_000_000).map((length) => Buffer.alloc(length, 0x30));
    fc.assert(
      fc.property(fc.array(fc.tuple(header, body), { maxLength: 3 }), fc.array(fc.nat(4_000_000)), (parts, cuts) => {
        const bytes = Buffer.concat(parts.flat());
        const chunks = cut(bytes, cuts);
        let granted = 0;
        const gate = gateOf((length) => {
          if (length > 1_000_000) return undefined;
          granted = length;
          return grantedRoom();
        });
        const reader = new PacketReader(() => undefined, undefined, gate);
        const allocate = jest.spyOn(largeBuffers, "take");
        let come = 0;
        try {
          for (const chunk of chunks) {
            come += chunk.length;
            allocate.mockClear();
            reader.push(chunk);
            const largest = Math.max(0, ...allocate.mock.calls.map(([size]) => size));
            expect(largest).toBeLessThanOrEqual(Math.max(66_000, granted));
            expect(reader.pendingBytes).toBeLessThanOrEqual(come);
          }
        } catch (error) {
          if (!(error instanceof ProtocolError)) throw error;
        } finally {
          allocate.mockRestore();
        }
      }),
      { numRuns: 200 },
    );
  });

  test("finds in any bytes the same packets, or the same breach, whatever the chunks are", () => {
    const read = (chunks: readonly Buffer[]) => {
      const packets: string[] = [];
      const reader = new PacketReader((bytes, start, end) => packets.push(bytes.toString("hex", start, end)));
      try {
        for (const chunk of chunks) reader.push(chunk);
      } catch (error) {
        packets.push(String(error));
      }
      return packets;
    };
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), fc.array(fc.nat(400)), (values, cuts) => {
        const bytes = Buffer.from(values);

        expect(read(cut(bytes, cuts))).toEqual(read([bytes]));
      }),
      { numRuns: 2000 },
    );
  });

  test("counts the bytes of a packet that is not whole yet", () => {
    const packet = publishOf(300);
    const reader = new PacketReader(() => undefined);
    const pending = [1, 2, 100, packet.length].map((end, index, ends) => {
      reader.push(packet.subarray(ends[index - 1] ?? 0, end));
      return reader.pendingBytes;
    });

    expect(pending).toEqual([1, 2, 100, 0]);
  });
});

describe("a large packet", () => {
  /** One Ethernet frame's payload: what a slow link hands over at a time. */
  const readBytes = 1448;

  /** Reads a packet in small chunks and counts what that costs. */
  function costOf(payloadBytes: number): { concats: number; allocated: number[]; copied: number; length: number } {
    const packet = publishOf(payloadBytes);
    const chunks = Array.from({ length: Math.ceil(packet.length / readBytes) }, (_, index) =>
      packet.subarray(index * readBytes, (index + 1) * readBytes),
    );
    const concat = jest.spyOn(Buffer, "concat");
    const allocate = jest.spyOn(largeBuffers, "take");
    const copy = jest.spyOn(Buffer.prototype, "copy");
    const reader = new PacketReader(() => undefined);
    allocate.mockClear();

    for (const chunk of chunks) reader.push(chunk);

    const allocated = allocate.mock.calls.map(([size]) => size);
    const copied = copy.mock.results.reduce((sum, { value }) => sum + Number(value), 0);
    const cost = { concats: concat.mock.calls.length, allocated, copied, length: packet.length };
    jest.restoreAllMocks();
    return cost;
  }

  test.each([50_000, 500_000, 5_000_000])("of %d bytes is gathered without joining chunks", (size) => {
    const { concats, allocated, copied, length } = costOf(size);

    expect(concats).toBe(0);
    expect(allocated.at(-1)).toBe(length);
    expect(copied).toBeLessThanOrEqual(3 * length);
  });

  test.each([10_000, 500_000, 1_000_000])("of %d bytes is copied once, into memory of its own size", (size) => {
    const { allocated, copied, length } = costOf(size);

    expect(allocated).toEqual([length]);
    expect(copied).toBe(length);
  });

  test("that came in pieces belongs to whoever takes it, and one that came whole does not", () => {
    const owned: boolean[] = [];
    const packet = publishOf(10_000);
    const reader = new PacketReader((...[, , , , isOwn]) => owned.push(isOwn));

    reader.push(packet);
    reader.push(packet.subarray(0, 5000));
    reader.push(packet.subarray(5000));

    expect(owned).toEqual([false, true]);
  });
});

describe("a packet that needs room", () => {
  const large = publishOf(100_000);
  const small = publishOf(10);

  /** A reader that hands over lengths, at a gate that grants room when the test says so. */
  function open(decide: (length: number) => FakeRoom | undefined) {
    const handedOver: number[] = [];
    const passedOver: { readonly head: Buffer; readonly length: number }[] = [];
    const asked: number[] = [];
    const reader: PacketReader = new PacketReader((_bytes, start, end) => handedOver.push(end - start), undefined, {
      roomFor: (_first, length) => {
        asked.push(length);
        return decide(length);
      },
      onPassedOver: (head, end, _headerLength, length) =>
        passedOver.push({ head: Buffer.from(head.subarray(0, end)), length }),
      onRoom: () => reader.proceed(),
    });
    return { reader, handedOver, passedOver, asked };
  }

  test("is asked for once, by its length, and only if it is large, also where it is whole at once", () => {
    const { reader, handedOver, asked } = open(() => grantedRoom());

    for (const chunk of cut(Buffer.concat([small, large, small]), [3, 40, 60_000, 90_000])) reader.push(chunk);
    reader.push(publishOf(70_000));

    expect(asked).toEqual([large.length, publishOf(70_000).length]);
    expect(handedOver).toEqual([small.length, large.length, small.length, publishOf(70_000).length]);
  });

  test("holds up what is behind it until there is room, and then everything comes in its order", () => {
    const room = new FakeRoom();
    const { reader, handedOver, asked } = open(() => room);

    for (const chunk of cut(Buffer.concat([small, large, small]), [small.length + 2, 500, 90_000])) reader.push(chunk);
    expect(handedOver).toEqual([small.length]);
    expect([reader.isWaiting, reader.isBusy]).toEqual([true, true]);

    room.grant();
    expect(handedOver).toEqual([small.length, large.length, small.length]);
    expect([reader.isWaiting, reader.isBusy]).toEqual([false, false]);
    expect(asked).toEqual([large.length]);
  });

  test.each([1, 2, 3, 4, 5, 1000])("is read whole when its header came in a chunk of %d bytes", (first) => {
    const room = new FakeRoom();
    const { reader, handedOver } = open(() => room);

    reader.push(large.subarray(0, first));
    reader.push(large.subarray(first, 2000));
    reader.push(large.subarray(2000));
    room.grant();

    expect(handedOver).toEqual([large.length]);
  });

  test.each([1, 2, 3, 4, 5, 1000])(
    "that waits can ask anew, and is passed over where there is none any more: header in a chunk of %d bytes",
    (first) => {
      const room = new FakeRoom();
      let isThere = true;
      const { reader, handedOver, passedOver, asked } = open(() => (isThere ? room : undefined));
      reader.push(large.subarray(0, first));
      reader.push(large.subarray(first, 2000));
      reader.askAgain();
      expect([asked.length, reader.isWaiting]).toEqual([2, true]);

      isThere = false;
      reader.askAgain();
      reader.push(Buffer.concat([large.subarray(2000), small]));

      expect([room.isReleased, reader.isWaiting]).toEqual([true, false]);
      expect(passedOver.map(({ length }) => length)).toEqual([large.length]);
      expect(handedOver).toEqual([small.length]);
    },
  );

  test("is passed over where there never is room, but for its head, and the next packet is found", () => {
    const { reader, handedOver, passedOver } = open(() => undefined);

    for (const chunk of cut(Buffer.concat([large, small]), [1, 3, 30_000, 99_999])) reader.push(chunk);

    expect(passedOver).toEqual([{ head: large.subarray(0, 66_000), length: large.length }]);
    expect(handedOver).toEqual([small.length]);
    expect(reader.pendingBytes).toBe(0);
  });

  test("gives it back once it was handed over, unless somebody has taken it", () => {
    const rooms: FakeRoom[] = [];
    const { reader } = open(() => {
      const room = grantedRoom();
      rooms.push(room);
      return room;
    });
    reader.push(large.subarray(0, 1000));
    expect(rooms.map(({ isReleased }) => isReleased)).toEqual([false]);
    reader.push(large.subarray(1000));

    expect(rooms.map(({ isReleased }) => isReleased)).toEqual([true]);
  });

  test.each(["while it waits", "while it arrives"])("gives it back when the connection ends %s", (when) => {
    const room = when === "while it waits" ? new FakeRoom() : grantedRoom();
    const { reader, handedOver } = open(() => room);
    reader.push(large.subarray(0, 1000));

    reader.stop();
    reader.push(large.subarray(1000));
    reader.push(small);

    expect(room.isReleased).toBe(true);
    expect(handedOver).toEqual([]);
    expect(reader.pendingBytes).toBe(0);
  });
});

describe("a reader that is halted", () => {
  test("hands over nothing more, not even of the same chunk, and goes on where it stopped", () => {
    const packets = [1, 2, 3, 4].map((size) => publishOf(size));
    const handedOver: number[] = [];
    const reader: PacketReader = new PacketReader((_bytes, start, end) => {
      handedOver.push(end - start);
      if (handedOver.length === 2) reader.setHalted(true);
    });
    const [chunk, next] = [Buffer.concat(packets), publishOf(5)];

    reader.push(chunk.subarray(0, chunk.length - 1));
    chunk.fill(0, 0, chunk.length - 1); // the socket's buffer is used again
    reader.push(packets[3]!.subarray(-1));
    reader.push(next);
    expect(handedOver).toHaveLength(2);
    reader.proceed();
    expect(handedOver).toHaveLength(2);

    reader.setHalted(false);
    reader.proceed();
    expect(handedOver).toEqual([...packets, next].map(({ length }) => length));
  });

  test("keeps many small chunks, as TLS hands them over, at a cost that is linear in their bytes", () => {
    const packet = publishOf(100);
    const handedOver: number[] = [];
    const reader = new PacketReader((_bytes, start, end) => handedOver.push(end - start));
    reader.setHalted(true);
    const copy = jest.spyOn(Buffer.prototype, "copy");
    const concat = jest.spyOn(Buffer, "concat");

    for (let count = 0; count < 2000; count++) reader.push(packet);
    const copied = copy.mock.results.reduce((sum, { value }) => sum + Number(value), 0);
    jest.restoreAllMocks();
    reader.setHalted(false);
    reader.proceed();

    expect(concat).not.toHaveBeenCalled();
    expect(copied).toBeLessThan(3 * 2000 * packet.length);
    expect(handedOver).toHaveLength(2000);
  });

  test("hands over the same packets wherever it is halted, and however the bytes are cut", () => {
    fc.assert(
      fc.property(
        fc.array(serverPacket, { minLength: 1, maxLength: 8 }),
        fc.array(fc.nat(20_000)),
        fc.array(fc.boolean(), { minLength: 8 }),
        (packets, cuts, halts) => {
          const encoded = packets.map((packet) => encode(packet));
          const read: Buffer[] = [];
          const reader: PacketReader = new PacketReader((bytes, start, end) => {
            read.push(Buffer.from(bytes.subarray(start, end)));
            if (halts[read.length] === true) reader.setHalted(true);
          });
          const goOn = () => {
            reader.setHalted(false);
            reader.proceed();
          };
          for (const chunk of cut(Buffer.concat(encoded), cuts)) {
            const volatile = Buffer.from(chunk);
            reader.push(volatile);
            volatile.fill(0xff);
            if (halts[chunk.length % halts.length] === true) goOn();
          }
          while (reader.isBusy) goOn();

          expect(read).toEqual(encoded);
        },
      ),
    );
  });
});

test("a length that takes more bytes than it needs is refused, also where it comes byte by byte", () => {
  for (const size of [1, 2, 100]) {
    const reader = new PacketReader(() => undefined);
    const bytes = Buffer.from([0xd0, 0x80, 0x00]);

    expect(() => {
      for (let at = 0; at < bytes.length; at += size) reader.push(bytes.subarray(at, at + size));
    }).toThrow(/takes more bytes than it needs/);
  }
});

test("hands nothing over once it was stopped, not even what the chunk has still", () => {
  const received: number[] = [];
  const reader = new PacketReader((bytes, start) => {
    received.push(bytes[start] ?? 0);
    if (received.length === 2) reader.stop();
  });

  reader.push(Buffer.from([0xd0, 0, 0xe0, 0, 0xd0, 0, 0xd0]));
  reader.push(Buffer.from([0, 0xd0, 0]));

  expect(received).toEqual([0xd0, 0xe0]);
  expect(reader.pendingBytes).toBe(0);
});

test("asks about the first byte of a packet before it gathers it, and not about one that lies whole in a chunk", () => {
  const asked: number[] = [];
  const reader = new PacketReader(
    () => undefined,
    (firstByte) => asked.push(firstByte),
  );

  reader.push(Buffer.from([0xd0, 0, 0x30, 9, 1]));
  reader.push(Buffer.alloc(8));
  reader.push(Buffer.from([0x40]));
  reader.push(Buffer.from([2, 0, 5]));

  expect(asked).toEqual([0x30, 0x40]);
});
