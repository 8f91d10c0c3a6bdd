import { once } from "node:events";
import { connect, type Socket } from "node:net";

import { Random } from "../fuzz/bytes.ts";
import { fuzzClient } from "../fuzz/client-fuzz.ts";
import { judgeClient } from "../fuzz/client-oracle.ts";
import { isTakenAsFirst, randomClientPacket } from "../fuzz/client-packets.ts";
import { readOfClient } from "../fuzz/client-reader.ts";
import { hex } from "../fuzz/cursor.ts";
import { closeBrokers, startBroker, type TestBroker } from "./support/test-broker.ts";

afterEach(closeBrokers);

/** Some seconds; `npm run fuzz` reads two million. */
const packets = 30_000;

test("reads random and damaged packets of a client as the standard says", () => {
  const { counts, wrong } = fuzzClient(readOfClient, packets, 20_261_127);

  expect(wrong).toEqual([]);
  // Each kind often enough: neither is everything refused, nor is everything taken.
  expect(Math.min(counts.accepted, counts.fault)).toBeGreaterThan(packets / 10);
});

/** Packets that are made for a broker; those that are malformed are sent, each on a connection of its own. */
const sent = Number(process.env["FUZZ_PACKETS"] ?? 2000);
const connectionsAtOnce = 20;

test("ends the connection at each malformed packet, and fails at none", async () => {
  const broker = await startBroker();
  const random = new Random(1);
  const accepted: string[] = [];
  const malformed = Array.from({ length: sent }, () => {
    const bytes = randomClientPacket(random);
    return { bytes, isFirst: isTakenAsFirst(random, bytes) };
  }).filter(({ bytes, isFirst }) => judgeClient(bytes, isFirst).kind === "fault");
  const next = malformed.values();

  await Promise.all(
    Array.from({ length: connectionsAtOnce }, async (_, index) => {
      for (const { bytes, isFirst } of next) {
        if (!(await isClosedAt(broker, bytes, isFirst, `fuzz-${index}`))) accepted.push(hex(bytes));
      }
    }),
  );

  expect(accepted).toEqual([]);
  expect(malformed.length).toBeGreaterThan(sent / 4);
  const failures = broker.events.filter((event) => event.kind === "disconnect" && event.reason === "ServerError");
  expect(failures).toEqual([]);
});

const connack = 0x20;
const pingreq = Buffer.from("c000", "hex");
const pingresp = 0xd0;

/** Whether the broker ends the connection at the packet, rather than answering what comes behind it. */
async function isClosedAt(broker: TestBroker, bytes: Buffer, isFirst: boolean, clientId: string): Promise<boolean> {
  const socket = connect({ host: broker.address.host, port: broker.address.port, noDelay: true });
  try {
    await once(socket, "connect");
    if (!isFirst) {
      const content = Buffer.concat([Buffer.from("00044d515454050200000000", "hex"), Buffer.from([clientId.length])]);
      const connectPacket = Buffer.concat([content, Buffer.from(clientId)]);
      socket.write(Buffer.concat([Buffer.from([0x10, connectPacket.length]), connectPacket]));
      if ((await nextPacket(socket))?.[0] !== connack) throw new Error("the broker did not take a good CONNECT");
    }
    socket.write(Buffer.concat([bytes, pingreq]));
    for (;;) {
      const packet = await nextPacket(socket);
      if (packet === undefined) return true;
      const isAccepted = packet[0] === connack && packet[3] === 0;
      if (packet.includes(Buffer.from([pingresp, 0])) || isAccepted) return false;
    }
  } finally {
    socket.destroy();
  }
}

/** What arrives next; `undefined` when the broker has closed the connection. */
async function nextPacket(socket: Socket): Promise<Buffer | undefined> {
  return new Promise((resolve) => {
    const settle = (bytes?: Buffer) => {
      socket.off("data", settle).off("end", settle).off("close", settle).off("error", ignore);
      socket.on("error", ignore);
      resolve(bytes);
    };
    socket.on("data", settle).on("end", settle).on("close", settle);
  });
}

function ignore(): void {
  // "close" follows.
}
