import { once } from "node:events";
import net, { type AddressInfo, type Socket } from "node:net";
import { duplexPair } from "node:stream";
import { setTimeout as delay } from "node:timers/promises";

import { findSendQueue, nameCarrier, readSendQueue, receivedBytes } from "../../../runtime/transport/kernel-queue.ts";
import { isLinux } from "../../support/real-parts.ts";

const table = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:9C40 0100007F:22B3 01 00000010:00000000 00:00000000 00000000     0        0 1 1 0
   1: 0100007F:22B3 0100007F:9C40 01 00000000:00000010 00:00000000 00000000     0        0 2 1 0
  12: 0100000A:9C41 0200000A:22B3 01 0003D090:00000000 01:00000014 00000000     0        0 3 1 0
  13: 0100000A:9C41 0300000A:22B3 01 00000005:00000000 04:00000014 00000000     0        0 4 1 0
  14: 0100000A:9C44 0300000A:22B3 01 00000005:00000000 04:00000014 00000000     0        3 5 1 0
`;

describe("findSendQueue", () => {
  test.each([
    ["by its ports", 40_000, 8883, "127.0.0.1", { bytes: 16, isWindowClosed: false }],
    ["not at the other end", 8883, 40_000, "127.0.0.1", { bytes: 0, isWindowClosed: false }],
    [
      "by its address among those of the same ports",
      40_001,
      8883,
      "10.0.0.2",
      { bytes: 250_000, isWindowClosed: false },
    ],
    ["with a window that is closed", 40_001, 8883, "10.0.0.3", { bytes: 5, isWindowClosed: true }],
    [
      "with a window of which nobody can tell any more whether it is closed",
      40_004,
      8883,
      "10.0.0.3",
      { bytes: 5, isWindowClosed: false },
    ],
    ["not for a connection that is not there", 40_002, 8883, "10.0.0.2", undefined],
    ["not for one that can't be told from another", 40_001, 8883, "10.0.0.9", undefined],
  ])("finds it %s", (_how, localPort, remotePort, remoteAddress, expected) => {
    expect(findSendQueue(table, { localPort, remotePort, remoteAddress })).toEqual(expected);
  });
});

const onLinux = isLinux("what waits in the kernel, from /proc/net") ? test : test.skip;

describe("of a socket on loopback", () => {
  let server: net.Server;
  let client: Socket;
  let accepted: Socket;

  beforeEach(async () => {
    server = net.createServer({ pauseOnConnect: true }).listen(0, "127.0.0.1");
    await once(server, "listening");
    client = net.connect((server.address() as AddressInfo).port, "127.0.0.1");
    [[accepted]] = (await Promise.all([once(server, "connection"), once(client, "connect")])) as [[Socket], unknown];
  });
  afterEach(() => {
    client.destroy();
    accepted.destroy();
    server.close();
  });

  onLinux("the send queue holds what the peer does not take, and empties when it does", async () => {
    expect(await readSendQueue(client)).toEqual({ bytes: 0, isWindowClosed: false });

    client.write(Buffer.alloc(20_000_000));
    await delay(500);
    const full = await readSendQueue(client);
    accepted.on("data", () => undefined).resume();
    while (((await readSendQueue(client))?.bytes ?? 0) > 0 || client.writableLength > 0) await delay(10);

    expect(full?.bytes).toBeGreaterThan(10_000);
    expect(full?.isWindowClosed).toBe(true);
  });

  onLinux("the queue and the bytes are those of the socket that carries a stream", async () => {
    const [stream, other] = duplexPair();
    const [between] = duplexPair();
    nameCarrier(stream, between);
    nameCarrier(between, client);
    accepted.write("hello");
    await once(
      client.on("data", () => undefined),
      "data",
    );

    expect([receivedBytes(stream), await readSendQueue(stream)]).toEqual([5, { bytes: 0, isWindowClosed: false }]);
    expect([receivedBytes(other), await readSendQueue(other)]).toEqual([undefined, undefined]);
  });

  test("nothing is known of a socket that has ended", async () => {
    client.destroy();
    await once(client, "close");

    expect(await readSendQueue(client)).toBeUndefined();
  });
});
