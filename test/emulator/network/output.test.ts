import { once } from "node:events";
import { Duplex } from "node:stream";

import { Output } from "../../../emulator/network/output.ts";

/** Notes the length of every write. */
function createSink(): { stream: Duplex; lengths: number[] } {
  const lengths: number[] = [];
  const stream = new Duplex({
    read: () => undefined,
    write: (chunk: Buffer, _, done) => {
      lengths.push(chunk.length);
      done();
    },
  });
  return { stream, lengths };
}

test("gathers what is sent in one turn into one write", async () => {
  const { stream, lengths } = createSink();
  const output = new Output(stream, () => []);

  output.write(Buffer.alloc(3));
  output.write(Buffer.alloc(4));
  output.end();
  await once(stream, "finish");

  expect(lengths).toEqual([7]);
});

test("writes chunks of the given sizes in turn", async () => {
  const { stream, lengths } = createSink();
  const output = new Output(stream, () => [1, 4, 2]);

  output.write(Buffer.alloc(10));
  output.end();
  await once(stream, "finish");

  expect(lengths).toEqual([1, 4, 2, 1, 2]);
});

test("writes nothing once it is stalled", async () => {
  const { stream, lengths } = createSink();
  const output = new Output(stream, () => []);

  output.write(Buffer.alloc(3));
  output.stall();
  output.write(Buffer.alloc(3));
  output.end();
  await once(stream, "finish");

  expect(lengths).toEqual([]);
});
