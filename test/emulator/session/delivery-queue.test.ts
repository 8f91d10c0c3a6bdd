import { createClock } from "../../../emulator/clock.ts";
import { unlimited } from "../../../emulator/limits.ts";
import { parsePublish } from "../../../emulator/packet/publish.ts";
import { DeliveryQueue } from "../../../emulator/session/delivery-queue.ts";

const message = { topic: "t", qos: 1, retain: false, payload: Buffer.alloc(0), keptProperties: Buffer.alloc(0) };

test("gives a new message a packet identifier that is free, and never 0 [MQTT-2.2.1-4] [MQTT-4.3.2-1]", () => {
  const queue = new DeliveryQueue(() => unlimited, createClock(1000), { sent: () => {}, dropped: () => {} });
  const identifiers: number[] = [];
  queue.attach({
    receiveMaximum: 2,
    maxPacketBytes: Infinity,
    isCongested: () => false,
    isReceiveMaximumIgnored: () => false,
    send: (packet) => identifiers.push(parsePublish(packet).packetIdentifier),
  });

  // The first one is never acknowledged; all others are at once.
  for (let sent = 0; sent < 65_537; sent += 1) {
    queue.push({ message, qos: 1, retain: false, subscriptionIdentifiers: [], packetIdentifier: 0 });
    if (sent > 0) queue.acknowledge(identifiers.at(-1) ?? 0);
  }

  expect(identifiers.slice(0, 3)).toEqual([1, 2, 3]);
  expect(identifiers.slice(-3)).toEqual([65_535, 2, 3]);
});
