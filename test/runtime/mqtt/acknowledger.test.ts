import { Duplex } from "node:stream";

import { Acknowledger } from "../../../runtime/mqtt/acknowledger.ts";
import { BatchWriter } from "../../../runtime/mqtt/batch-writer.ts";
import { decode } from "./scripted-broker.ts";

/** A stream whose peer reads when the test says so. */
class SlowStream extends Duplex {
  readonly written: Buffer[] = [];
  onTaken: () => void = () => undefined;

  override _read(): void {}

  override _write(chunk: Buffer, _encoding: BufferEncoding, callback: () => void): void {
    this.written.push(Buffer.from(chunk));
    this.onTaken = callback;
  }
}

const turn = async () => new Promise((resolve) => setImmediate(resolve));

test("says that the server reads too little, once 256 KB of acknowledgements wait, and when it has read them", async () => {
  const stream = new SlowStream();
  const writer = new BatchWriter(stream, () => performance.now());
  const states: boolean[] = [];
  const acknowledger: Acknowledger = new Acknowledger(writer, () => states.push(acknowledger.isUnread));

  for (let id = 1; id <= 60_000; id++) acknowledger.acknowledge(id);
  expect(states).toEqual([]);
  for (let id = 1; id <= 10_000; id++) acknowledger.acknowledge(id);
  expect(states).toEqual([true]);

  for (let reads = 0; reads < 1000 && writer.pendingBytes > 0; reads++) {
    await turn();
    stream.onTaken();
  }
  await turn();
  expect(states).toEqual([true, false]);
});

test("writes each as a PUBACK of success", async () => {
  const stream = new SlowStream();
  const acknowledger = new Acknowledger(new BatchWriter(stream, () => performance.now()), () => undefined);

  for (const id of [1, 500, 65_535]) acknowledger.acknowledge(id);
  await turn();

  expect(decode(Buffer.concat(stream.written))).toMatchObject(
    [1, 500, 65_535].map((messageId) => ({ cmd: "puback", messageId })),
  );
});
