import { largeBuffers } from "../../../runtime/memory/large-buffers.ts";
import { PacketReader } from "../../../runtime/mqtt/packet-reader.ts";
import { numbers } from "../../support/random-numbers.ts";
import { encode } from "./scripted-broker.ts";
import { FakeRoom } from "./fake-room.ts";

let numberOfPackets = 0;

/** A packet of about so many bytes, which no other packet is like. */
function publishOf(payloadBytes: number): Buffer {
  const payload = Buffer.alloc(payloadBytes, ++numberOfPackets % 251);
  const messageId = (numberOfPackets % 65_535) + 1;
  return encode({ cmd: "publish", topic: "a/b", payload, dup: false, retain: false, qos: 1, messageId });
}

const shared = Buffer.alloc(65_536);

/** What stands in memory that somebody else uses: whoever still reads it shows it. */
const mark = 0xdd;

/** Reads as a socket does: what has come goes where the reader wants it, or else into a buffer of all sockets. */
class FakeSocket {
  readonly #reader: PacketReader;
  target: Buffer | undefined;
  /** Bytes that came into the buffer of all sockets. */
  sharedBytes = 0;

  constructor(reader: PacketReader) {
    this.#reader = reader;
  }

  /** Takes of what has come as much as one read does; returns the rest. */
  read(bytes: Buffer): Buffer {
    const into = this.target ?? shared;
    const count = bytes.copy(into, 0, 0, Math.min(bytes.length, into.length));
    if (this.target === undefined) this.sharedBytes += count;
    this.#reader.push(into, count);
    shared.fill(0xff); // whoever still needs it has copied it
    this.target = this.#reader.nextTarget();
    return bytes.subarray(count);
  }

  readAll(bytes: Buffer): void {
    let rest = bytes;
    while (rest.length > 0) rest = this.read(rest);
  }
}

let readers: PacketReader[] = [];

/** A reader that is stopped after the test: what was lent to it is no longer counted. */
function readerFor(...parameters: ConstructorParameters<typeof PacketReader>): PacketReader {
  const reader = new PacketReader(...parameters);
  readers.push(reader);
  return reader;
}

beforeEach(() => {
  largeBuffers.clear();
});
afterEach(() => {
  for (const reader of readers) reader.stop();
  readers = [];
  largeBuffers.clear();
});

describe("where the next bytes are read to", () => {
  test("is the place of what is missing of a large packet, and nowhere for a small one", () => {
    const packet = publishOf(300_000);
    const reader = readerFor(() => undefined);

    reader.push(publishOf(100));
    expect(reader.nextTarget()).toBeUndefined();
    reader.push(packet.subarray(0, 1000));
    expect(reader.nextTarget()?.length).toBe(packet.length - 1000);
    reader.push(packet.subarray(1000, packet.length - 10)); // from elsewhere: it is copied as before
    expect(reader.nextTarget()?.length).toBe(10); // so that the next packet begins with a read
    reader.push(packet.subarray(-10));
    reader.nextTarget();
    reader.push(publishOf(30_000).subarray(0, 20_000));
    expect(reader.nextTarget()).toBeUndefined(); // one read may bring the rest and another one
  });

  test("is never more than a megabyte: others are read in between", () => {
    const reader = readerFor(() => undefined);
    reader.push(publishOf(5_000_000).subarray(0, 100));

    expect(reader.nextTarget()?.length).toBe(1_048_576);
  });

  test("lets packets of one size that follow each other be read where they stay: none but the first is copied", () => {
    const packets = Array.from({ length: 20 }, () => publishOf(65_536));
    const read: Buffer[] = [];
    const reader = readerFor((bytes, start, end, _headerLength, isOwn) => {
      expect([start, isOwn]).toEqual([0, true]);
      read.push(bytes.subarray(start, end));
    });
    const socket = new FakeSocket(reader);

    socket.readAll(Buffer.concat(packets));

    expect(Buffer.concat(read).equals(Buffer.concat(packets))).toBe(true);
    expect(socket.sharedBytes).toBeLessThanOrEqual(65_536);
  });

  test("is anywhere while the reader is halted, or waits for room, and nothing of what was on its way is lost", () => {
    const room = new FakeRoom();
    const packets = [publishOf(300_000), publishOf(100)];
    const read: number[] = [];
    const reader: PacketReader = readerFor((_bytes, start, end) => read.push(end - start), undefined, {
      roomFor: () => room,
      onPassedOver: () => undefined,
      onRoom: () => reader.proceed(),
    });
    const socket = new FakeSocket(reader);

    let rest = socket.read(Buffer.concat(packets));
    expect(socket.target).toBeUndefined();
    room.grant();
    rest = socket.read(rest);
    expect(socket.target?.length).toBe(packets[0]!.length - 2 * 65_536);
    reader.setHalted(true);
    socket.readAll(rest); // the first of it comes to its place, as it was asked for
    expect([read, socket.target]).toEqual([[], undefined]);
    reader.setHalted(false);
    reader.proceed();

    expect(read).toEqual(packets.map(({ length }) => length));
  });

  test("keeps what follows a packet that stays from whoever uses its memory next", () => {
    const packets = [33_000, 20_000, 100, 12_000, 100].map(publishOf);
    const read: Buffer[] = [];
    const reader = readerFor((bytes, start, end, _headerLength, isOwn) => {
      read.push(Buffer.from(bytes.subarray(start, end)));
      if (!isOwn || bytes.buffer !== socket.target?.buffer) return;
      largeBuffers.giveBack(bytes); // as when the message was encoded anew
      largeBuffers.take(bytes.length).fill(mark); // the next one is encoded here
    });
    const socket: FakeSocket = new FakeSocket(reader);

    socket.read(packets[0]!.subarray(0, 1000));
    socket.read(packets[0]!.subarray(1000)); // the next bytes are read to memory for one as long
    const target = socket.target!;
    socket.readAll(Buffer.concat(packets.slice(1)));

    expect(target[0]).toBe(mark); // the second packet stayed there
    expect(read.map((packet, index) => packet.equals(packets[index]!))).toEqual(packets.map(() => true));
  });

  test("belongs to nobody else once the reader was stopped: the socket may still read into it", () => {
    const reader = readerFor(() => undefined);
    const socket = new FakeSocket(reader);
    socket.readAll(publishOf(100_000));
    const target = socket.target!;
    reader.stop();

    expect(target.length).toBeGreaterThan(100_000);
    expect(largeBuffers.freeBytes).toBe(0);
    expect(reader.nextTarget()).toBeUndefined();
    // What was lent to it may be lent to others, as other memory.
    const other = largeBuffers.lend(2 * 1024 * 1024);
    expect(other).toBeDefined();
    largeBuffers.endLoan(other!);
  });
});

const sizes = [10, 3000, 9000, 20_000, 20_000, 65_536, 65_536, 150_000, 1_200_000];

test("packets come as they were sent, however they are cut, halted and kept, while memory is used again: 150 random histories", () => {
  let readInPlace = 0;
  let neverCopied = 0;
  for (let seed = 1; seed <= 150; seed++) {
    const random = numbers(seed);
    const pick = <T>(of: readonly T[]) => of[Math.floor(random() * of.length)]!;
    let size = pick(sizes);
    const packets = Array.from({ length: 25 }, () => {
      size = random() < 0.6 ? size : pick(sizes);
      // A little shorter: what follows it begins in the same memory.
      return publishOf(random() < 0.6 ? size : Math.ceil(size * (0.6 + 0.4 * random())));
    });
    const kept: { readonly bytes: Buffer; readonly index: number }[] = [];
    let index = 0;
    /** The destination has acknowledged the oldest: its memory shows whoever still reads or writes it. */
    const leave = () => {
      const oldest = kept.shift();
      if (oldest === undefined) return;
      const expected = packets[oldest.index]!;
      expect({ seed, same: oldest.bytes.subarray(0, expected.length).equals(expected) }).toEqual({ seed, same: true });
      oldest.bytes.fill(mark);
      largeBuffers.giveBack(oldest.bytes);
    };
    const leaveAll = () => {
      while (kept.length > 0) leave();
    };
    const reader: PacketReader = readerFor((bytes, start, end, _headerLength, isOwn) => {
      const isSame = bytes.subarray(start, end).equals(packets[index]!);
      expect({ seed, index, isSame }).toEqual({ seed, index, isSame: true });
      if (isOwn && bytes.buffer === socket.target?.buffer && bytes.byteOffset === socket.target.byteOffset)
        neverCopied++;
      if (isOwn && end - start > 8192) {
        kept.push({ bytes, index });
        if (random() < 0.2) leaveAll(); // such as a message that is encoded anew
      }
      index++;
      if (random() < 0.1) reader.setHalted(true);
    });
    const socket: FakeSocket = new FakeSocket(reader);
    let rest = Buffer.concat(packets);
    const total = rest.length;
    for (let turns = 0; rest.length > 0 || reader.isBusy; turns++) {
      if (turns > 100_000) throw new Error(`seed ${seed}: nothing is read any more`);
      if (random() < 0.4) leave();
      if (reader.isBusy && random() < 0.7) {
        reader.setHalted(false);
        reader.proceed();
      } else if (rest.length > 0) {
        const most = Math.ceil(random() * pick([2000, 30_000, 70_000, 2_000_000]));
        const unread = socket.read(rest.subarray(0, most));
        rest = rest.subarray(Math.min(most, rest.length) - unread.length);
      }
    }
    leaveAll();
    expect({ seed, index }).toEqual({ seed, index: packets.length });
    reader.stop(); // what is lent to it would keep the next ones from being lent anything
    readInPlace += 1 - socket.sharedBytes / total;
  }
  // Most bytes took the way that this is about, and many packets stayed where their first byte came.
  expect(readInPlace / 150).toBeGreaterThan(0.4);
  expect(neverCopied).toBeGreaterThan(100);
});
