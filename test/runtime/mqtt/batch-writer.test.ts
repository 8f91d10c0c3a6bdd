import { once } from "node:events";
import net, { type AddressInfo } from "node:net";
import { Duplex } from "node:stream";
import { setImmediate as turn } from "node:timers/promises";
import tls from "node:tls";

import { BatchWriter } from "../../../runtime/mqtt/batch-writer.ts";
import { PacketReader } from "../../../runtime/mqtt/packet-reader.ts";
import { createCertificateAuthority } from "../../../emulator/certificates/certificate-authority.ts";
import { patientMs } from "../../support/patience.ts";
import { encode } from "./scripted-broker.ts";

/** A stream that keeps what is written, and lets it go when it is told to. */
class HeldStream extends Duplex {
  readonly written: Buffer[] = [];
  readonly #held: ((error?: Error) => void)[] = [];
  isHeld = false;

  override _read(): void {}

  override _write(chunk: Buffer, _encoding: string, callback: (error?: Error) => void): void {
    this.written.push(chunk);
    if (this.isHeld) this.#held.push(callback);
    else callback();
  }

  letGo(error?: Error): void {
    for (const callback of this.#held.splice(0)) callback(error);
  }
}

function publishOf(payloadBytes: number, messageId: number): Buffer {
  const payload = Buffer.alloc(payloadBytes, "x");
  return encode({ cmd: "publish", qos: 1, messageId, dup: false, retain: false, topic: "a/b", payload });
}

function isSameMemory(one: Buffer, other: Buffer): boolean {
  return one.buffer === other.buffer && one.byteOffset === other.byteOffset && one.length === other.length;
}

describe("BatchWriter whose stream fails, and stays for its input", () => {
  test("writes nothing more, and tells nobody that anything has left", async () => {
    const stream = new HeldStream();
    const destroy = jest.spyOn(stream, "destroy").mockReturnThis(); // as `readToEnd` does for a while
    stream.isHeld = true;
    const writer = new BatchWriter(stream, () => 0);
    const onSent = jest.fn();

    writer.write(publishOf(60_000, 1));
    await turn();
    writer.write(publishOf(500_000, 2)); // waits behind it
    writer.onceSent(onSent);
    await turn();
    stream.letGo(new Error("write EPIPE"));
    await turn();
    writer.write(publishOf(100, 3));
    await turn();
    await turn();

    expect(destroy).toHaveBeenCalled();
    expect(stream.written).toHaveLength(1);
    expect(onSent).not.toHaveBeenCalled();
  });
});

describe("BatchWriter", () => {
  test("joins the packets of one turn into one write, in their order", async () => {
    const stream = new HeldStream();
    const writer = new BatchWriter(stream, () => 0);

    for (const text of ["a", "b", "c"]) writer.write(Buffer.from(text));
    expect(stream.written).toEqual([]);
    await turn();

    expect(stream.written.map(String)).toEqual(["abc"]);
  });

  test("writes a packet that comes alone as it is, without a copy", async () => {
    const stream = new HeldStream();
    const packet = Buffer.from("alone");

    new BatchWriter(stream, () => 0).write(packet);
    await turn();

    expect(stream.written.map((chunk) => isSameMemory(chunk, packet))).toEqual([true]);
  });

  test("writes packets that lie side by side as one piece, without a copy", async () => {
    const stream = new HeldStream();
    const writer = new BatchWriter(stream, () => 0);
    const slab = Buffer.from("-abc-");

    for (const [start, end] of [
      [1, 2],
      [2, 3],
      [3, 4],
    ] as const)
      writer.writePart(slab, start, end);
    await turn();

    expect(stream.written.map(String)).toEqual(["abc"]);
    expect(isSameMemory(stream.written[0]!, slab.subarray(1, 4))).toBe(true);
  });

  test.each([
    ["with a gap between them", 1, 3, "ac"],
    ["in the other order", 2, 1, "ba"],
    ["twice", 1, 1, "aa"],
  ])("writes packets of one buffer %s as they were given", async (_how, first, second, expected) => {
    const stream = new HeldStream();
    const writer = new BatchWriter(stream, () => 0);
    const slab = Buffer.from("-abc-");

    writer.writePart(slab, first, first + 1);
    writer.writePart(slab, second, second + 1);
    await turn();

    expect(stream.written.map(String)).toEqual([expected]);
  });

  test("does not take a packet of another buffer for the next one, though it begins where the last one ended", async () => {
    const stream = new HeldStream();
    const writer = new BatchWriter(stream, () => 0);

    writer.writePart(Buffer.from("abc"), 0, 1);
    writer.writePart(Buffer.from("xyz"), 1, 2);
    await turn();

    expect(stream.written.map(String)).toEqual(["ay"]);
  });

  test("hands a large batch over packet by packet: joining it would cost more than it saves", async () => {
    const stream = new HeldStream();
    const writer = new BatchWriter(stream, () => 0);
    const packets = [publishOf(40_000, 1), publishOf(40_000, 2)];

    for (const packet of packets) writer.write(packet);
    await turn();

    expect(stream.written.map((chunk, index) => isSameMemory(chunk, packets[index]!))).toEqual([true, true]);
  });

  test("hands a large packet over in pieces of 64 KiB, the next one when the stream has taken the one before", async () => {
    const stream = new HeldStream();
    stream.isHeld = true;
    const writer = new BatchWriter(stream, () => 0);
    const packet = Buffer.alloc(170_000, "x");

    writer.write(packet);
    await turn();
    const pending: number[] = [];
    for (let piece = 0; piece < 3; piece++) {
      pending.push(writer.pendingBytes);
      stream.letGo();
      await turn();
    }

    expect(stream.written.map(({ length }) => length)).toEqual([65_536, 65_536, 38_928]);
    expect([...pending, writer.pendingBytes]).toEqual([170_000, 104_464, 38_928, 0]);
    expect(isSameMemory(stream.written[1]!, packet.subarray(65_536, 131_072))).toBe(true);
  });

  test.each([
    ["65,570 bytes, a payload of 64 KiB with its header", 65_570, [65_570]],
    ["98,304 bytes", 98_304, [98_304]],
    ["98,305 bytes", 98_305, [65_536, 32_769]],
  ])("hands %s over in as few pieces as that", async (_name, bytes, pieces) => {
    const stream = new HeldStream();
    const writer = new BatchWriter(stream, () => 0);

    writer.write(Buffer.alloc(bytes));
    for (let piece = 0; piece < 3; piece++) await turn();

    expect(stream.written.map(({ length }) => length)).toEqual(pieces);
  });

  test("puts what comes behind a large packet behind it, joined as far as a piece allows", async () => {
    const stream = new HeldStream();
    stream.isHeld = true;
    const writer = new BatchWriter(stream, () => 0);
    const given = [Buffer.alloc(100_000, "a"), ...["b", "c", "d"].map((text) => Buffer.alloc(30_000, text))];

    for (const packet of given) {
      writer.write(packet);
      await turn();
    }
    while (writer.pendingBytes > 0) {
      stream.letGo();
      await turn();
    }

    expect(Buffer.concat(stream.written).equals(Buffer.concat(given))).toBe(true);
    expect(stream.written.map(({ length }) => length)).toEqual([65_536, 34_464, 30_000, 30_000, 30_000]);
  });

  test("does not give a busy stream more than a piece, however small the packets are", async () => {
    const stream = new HeldStream();
    stream.isHeld = true;
    const writer = new BatchWriter(stream, () => 0);

    for (let packet = 0; packet < 100; packet++) {
      writer.write(Buffer.alloc(10_000));
      await turn();
    }

    expect(stream.writableLength).toBeLessThanOrEqual(65_536);
    expect(writer.pendingBytes).toBe(1_000_000);
  });

  test("ends the stream behind all that was given", async () => {
    const stream = new HeldStream();
    stream.isHeld = true;
    const writer = new BatchWriter(stream, () => 0);

    writer.write(Buffer.alloc(150_000, "x"));
    writer.write(Buffer.from("bye"));
    writer.end(1000);
    const wasEnded = stream.writableEnded;
    while (writer.pendingBytes > 0) {
      stream.letGo();
      await turn();
    }

    expect([wasEnded, stream.writableEnded]).toEqual([false, true]);
    expect(Buffer.concat(stream.written).subarray(150_000).toString()).toBe("bye");
  });

  test("says when everything was sent", async () => {
    const stream = new HeldStream();
    stream.isHeld = true;
    const writer = new BatchWriter(stream, () => 0);
    const pending: number[] = [];

    writer.write(Buffer.alloc(170_000, "x"));
    writer.flush();
    writer.onceSent(() => pending.push(writer.pendingBytes));
    for (let piece = 0; piece < 3; piece++) {
      expect(pending).toEqual([]);
      stream.letGo();
      await turn();
    }
    writer.onceSent(() => pending.push(writer.pendingBytes));
    await turn();

    expect(pending).toEqual([0, 0]);
  });

  test("says when what was given has left, though it was not flushed yet and more is given", async () => {
    const stream = new HeldStream();
    stream.isHeld = true;
    const writer = new BatchWriter(stream, () => 0);
    const pending: number[] = [];

    writer.write(Buffer.alloc(170_000, "x"));
    writer.onceSent(() => pending.push(writer.pendingBytes));
    await turn();
    await turn();
    expect(pending).toEqual([]);
    for (let piece = 0; piece < 3; piece++) {
      expect(pending).toEqual([]);
      writer.write(Buffer.alloc(40_000)); // the stream is never without work
      await turn();
      stream.letGo();
      await turn();
    }

    expect(pending).toEqual([120_000]);
  });

  test("says at once that a batch was sent which the stream takes at once", async () => {
    const writer = new BatchWriter(new HeldStream(), () => 0);
    const pending: number[] = [];

    for (let batch = 0; batch < 3; batch++) {
      writer.write(Buffer.alloc(1000));
      writer.onceSent(() => pending.push(writer.pendingBytes));
      await turn();
      await turn();
    }

    expect(pending).toEqual([0, 0, 0]);
  });

  test("asks for no callback of a stream that takes its batches at once", async () => {
    const stream = new HeldStream();
    const write = jest.spyOn(stream, "write");
    const writer = new BatchWriter(stream, () => 0);

    for (const text of ["a", "b", "c"]) {
      writer.write(Buffer.from(text));
      await turn();
    }

    expect(write.mock.calls.map(([, callback]) => typeof callback)).toEqual(["function", "undefined", "undefined"]);
  });

  test.each([
    ["a small batch", [10]],
    ["a small batch, and more comes", [10, 1]],
    ["more than a piece, and more comes", [170_000, 1]],
  ])("says when everything was sent where a stream stops taking at %s", async (_name, sizes) => {
    const stream = new HeldStream();
    const writer = new BatchWriter(stream, () => 0);
    const given = [Buffer.from("a"), ...sizes.map((bytes, index) => Buffer.alloc(bytes, index))];
    const sent = jest.fn();

    for (const packet of given) {
      writer.write(packet);
      await turn();
      stream.isHeld = true;
    }
    writer.onceSent(sent);
    await turn();
    expect(sent).not.toHaveBeenCalled();
    for (let round = 0; round < 10; round++) {
      stream.letGo();
      await turn();
    }

    expect(sent).toHaveBeenCalledTimes(1);
    expect(writer.pendingBytes).toBe(0);
    expect(Buffer.concat(stream.written).equals(Buffer.concat(given))).toBe(true);
  });

  test("sends everything over TCP, in order, to a peer that stops reading and reads on", async () => {
    const server = net.createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    const client = net.connect((server.address() as AddressInfo).port, "127.0.0.1");
    const [[accepted]] = (await Promise.all([once(server, "connection"), once(client, "connect")])) as [
      [net.Socket],
      unknown,
    ];
    const writer = new BatchWriter(client, () => 0);
    const read: Buffer[] = [];
    const given: Buffer[] = [];
    const isSent = () => new Promise<void>((resolve) => writer.onceSent(resolve));

    // Small batches until the kernel has no room: the one that meets that was given without a callback.
    while (client.writableLength === 0) {
      const packet = Buffer.alloc(50_000, given.length);
      given.push(packet);
      writer.write(packet);
      await turn();
    }
    const packet = Buffer.alloc(300_000, "z");
    given.push(packet);
    writer.write(packet);
    accepted.on("data", (chunk: Buffer) => read.push(chunk));
    await isSent();
    writer.end(patientMs(20_000));
    await once(accepted, "end");
    accepted.destroy();
    server.close();

    expect(Buffer.concat(read).equals(Buffer.concat(given))).toBe(true);
  });

  test("writes again after a batch, whatever was written before", async () => {
    const stream = new HeldStream();
    const writer = new BatchWriter(stream, () => 0);

    writer.write(Buffer.from("a"));
    await turn();
    writer.write(Buffer.from("b"));
    writer.flush();
    writer.write(Buffer.from("c"));
    await turn();

    expect(stream.written.map(String)).toEqual(["a", "b", "c"]);
  });

  test("flushes at once when it is told to, and not a second time in the turn after", async () => {
    const stream = new HeldStream();
    const writer = new BatchWriter(stream, () => 0);

    writer.write(Buffer.from("a"));
    writer.flush();
    expect(stream.written.map(String)).toEqual(["a"]);
    await turn();

    expect(stream.written.map(String)).toEqual(["a"]);
  });

  test("writes nothing to a stream that was destroyed meanwhile", async () => {
    const stream = new HeldStream();
    const writer = new BatchWriter(stream, () => 0);

    writer.write(Buffer.from("a"));
    stream.destroy();
    await turn();

    expect(stream.written).toEqual([]);
  });

  test("counts the bytes that have not left: gathered ones, and those that the stream holds", async () => {
    const stream = new HeldStream();
    stream.isHeld = true;
    const writer = new BatchWriter(stream, () => 0);

    writer.write(Buffer.alloc(10));
    expect(writer.pendingBytes).toBe(10);
    await turn();
    writer.write(Buffer.alloc(5));
    expect(writer.pendingBytes).toBe(15);

    stream.isHeld = false;
    stream.letGo();
    await turn();
    expect(writer.pendingBytes).toBe(0);
  });

  test("remembers when it last wrote, for keep-alive", async () => {
    let now = 100;
    const writer = new BatchWriter(new HeldStream(), () => now);
    expect(writer.lastWriteMs).toBe(100);

    now = 200;
    writer.write(Buffer.from("a"));
    expect(writer.lastWriteMs).toBe(100); // nothing has left yet
    await turn();

    expect(writer.lastWriteMs).toBe(200);
  });

  test("never puts a packet into another one, also over TLS with writes that wait", async () => {
    const authority = await createCertificateAuthority();
    const { certificate: cert, key } = await authority.createServerCertificate(["localhost"]);
    const read: Buffer[] = [];
    const server = tls.createServer({ cert, key }).listen(0, "127.0.0.1");
    await once(server, "listening");
    const client = tls.connect({
      port: (server.address() as AddressInfo).port,
      ca: authority.certificate,
      servername: "localhost",
    });
    const [[accepted]] = (await Promise.all([once(server, "secureConnection"), once(client, "secureConnect")])) as [
      [tls.TLSSocket],
      unknown,
    ];
    accepted.pause();
    const writer = new BatchWriter(client, () => 0);
    const sent: Buffer[] = [];
    const write = (packet: Buffer) => {
      sent.push(packet);
      writer.write(packet);
    };

    for (let round = 1; round <= 40; round++) {
      write(publishOf(500_000, round));
      await turn(); // the next ones meet a socket that is busy with this
      write(encode({ cmd: "subscribe", messageId: round, subscriptions: [{ topic: "a/#", qos: 1 }] }));
      write(publishOf(30, round));
    }
    writer.flush();
    const wasBacklogged = writer.pendingBytes > 1_000_000;
    const reader = new PacketReader((bytes, start, end) => read.push(Buffer.from(bytes.subarray(start, end))));
    accepted.on("data", (chunk: Buffer) => {
      reader.push(chunk);
    });
    accepted.resume();
    writer.end(patientMs(20_000));
    await once(accepted, "end");
    accepted.destroy();
    server.close();

    expect(wasBacklogged).toBe(true);
    expect(read.map((packet) => packet.length)).toEqual(sent.map((packet) => packet.length));
    expect(read.every((packet, index) => sent[index]?.equals(packet))).toBe(true);
  });
});
