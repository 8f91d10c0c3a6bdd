import { once } from "node:events";
import net, { type AddressInfo, type Socket } from "node:net";
import { PassThrough } from "node:stream";
import { setImmediate as turn } from "node:timers/promises";

import { emitData, readBytes, ReusedBuffer } from "../../../runtime/transport/reused-buffer.ts";

const sockets = new Set<Socket>();
const servers = new Set<net.Server>();

afterEach(() => {
  for (const socket of sockets) socket.destroy();
  for (const server of servers) server.close();
  sockets.clear();
  servers.clear();
});

/** Two ends of a connection, the first of which reads into a buffer that is used again. */
async function connect(): Promise<{ client: Socket; server: Socket }> {
  const listener = net.createServer();
  servers.add(listener);
  listener.listen(0, "127.0.0.1");
  await once(listener, "listening");
  const accepted = once(listener, "connection");
  const reader = new ReusedBuffer();
  const client = net.connect({ port: (listener.address() as AddressInfo).port, ...reader.options });
  reader.attach(client);
  const [server] = (await accepted) as [Socket];
  for (const socket of [client, server]) sockets.add(socket);
  return { client, server };
}

/** Collects what arrives; the promise resolves once `length` bytes are there. */
function collect(stream: Socket | PassThrough, length: number): Promise<Buffer> {
  return new Promise((resolve) => {
    let all = Buffer.alloc(0);
    readBytes(stream, (bytes, end) => {
      all = Buffer.concat([all, bytes.subarray(0, end)]);
      if (all.length >= length) resolve(all);
    });
  });
}

describe("readBytes", () => {
  test("hands over what a socket receives, in its order", async () => {
    const { client, server } = await connect();
    const sent = Buffer.from(Array.from({ length: 300_000 }, (_, index) => index % 251));

    const received = collect(client, sent.length);
    server.write(sent);

    expect((await received).equals(sent)).toBe(true);
  });

  test("loses nothing of what came before someone took it", async () => {
    const { client, server } = await connect();
    server.write("early ");
    await new Promise((resolve) => setTimeout(resolve, 50));
    server.write("late");

    expect(String(await collect(client, 10))).toBe("early late");
  });

  test("keeps two sockets apart, though they share a buffer", async () => {
    const pairs = [await connect(), await connect()];
    const texts = ["a".repeat(200_000), "b".repeat(200_000)];

    const received = pairs.map(({ client }, index) => collect(client, texts[index]!.length));
    for (const [index, { server }] of pairs.entries()) server.write(texts[index]!);

    expect((await Promise.all(received)).map(String)).toEqual(texts);
  });

  test("stops while the socket is paused, and sees its end", async () => {
    const { client, server } = await connect();
    let count = 0;
    readBytes(client, (_bytes, end) => (count += end));
    await turn();
    client.pause();
    server.end("x".repeat(1000));
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(count).toBe(0);

    client.resume();
    await once(client, "close");

    expect(count).toBe(1000);
  });

  test("lets one read through at most when the socket is paused in the turn in which it was resumed", async () => {
    const { client, server } = await connect();
    let count = 0;
    readBytes(client, (_bytes, end) => (count += end));
    client.pause();
    server.write(Buffer.alloc(4 * 1024 * 1024));
    await new Promise((resolve) => setTimeout(resolve, 100));

    expect(count).toBeLessThanOrEqual(65_536);
  });

  test("a socket emits data all the same where a library needs that, also of what came before", async () => {
    const { client, server } = await connect();
    server.write("early ");
    await new Promise((resolve) => setTimeout(resolve, 50));

    const chunks: Buffer[] = [];
    emitData(client).on("data", (chunk: Buffer) => chunks.push(chunk));
    server.end("late");
    await once(client, "end");

    expect(Buffer.concat(chunks).toString()).toBe("early late");
  });

  test("reads any other stream as it is", async () => {
    const stream = new PassThrough();

    const received = collect(stream, 3);
    stream.write("abc");

    expect(String(await received)).toBe("abc");
  });
});
