import type { IPublishPacket } from "mqtt-packet";

import type { Row } from "../../../runtime/disk/spool.ts";
import { Spooler } from "../../../runtime/disk/spooler.ts";
import { encodePublish, stampExpiry, type EncodedPublish } from "../../../runtime/mqtt/publish.ts";
import { createEntry } from "../../../runtime/queue/entry.ts";
import { WaitingQueue } from "../../../runtime/queue/waiting-queue.ts";
import { decode } from "../mqtt/scripted-broker.ts";
import { FakeDisk } from "../queue/fake-disk.ts";
import { ForwarderBench, viewOfPublish } from "../queue/fakes.ts";

const { source: session } = new ForwarderBench().forwarder;

/** A spooler on a disk, as each process makes one. */
function open(disk: FakeDisk) {
  const waiting = new WaitingQueue();
  const rates = { messagesPerSecond: 0, bytesPerSecond: 0 };
  const damaged: Row[] = [];
  const onDamaged = (row: Row) => {
    damaged.push(row);
    return "forget" as const;
  };
  const options = { maxBytes: 1e6, rates, qos: 1 as const, now: () => 0, onDamaged };
  const queue = disk.open(() => spooler);
  const spooler = new Spooler(options, waiting, queue, () => undefined);
  return { spooler, waiting, queue, damaged };
}

function encodeExpiring(messageExpiryInterval: number): EncodedPublish {
  const view = viewOfPublish({ properties: { messageExpiryInterval } }).scanProperties();
  return encodePublish(view, { qos: 1, retain: false });
}

function expiryOf(packet: Uint8Array): number | undefined {
  return (decode(Buffer.from(packet))[0] as IPublishPacket).properties?.messageExpiryInterval;
}

describe("a message with an expiry interval that is written while it is in flight", () => {
  test("has on the disk the interval that it came with, whatever was left when it was sent", () => {
    const disk = new FakeDisk();
    const { spooler } = open(disk);
    const publish = encodeExpiring(10);
    stampExpiry(publish, 7);

    spooler.cover(createEntry(publish, 1, session, -3000));
    disk.work();

    expect([...disk.rows.values()].map(({ packet }) => expiryOf(packet))).toEqual([10]);
  });

  test("keeps its bytes, which may be in the destination's socket still", () => {
    const publish = encodeExpiring(10);
    stampExpiry(publish, 7);
    const sent = Buffer.from(publish.packet);

    open(new FakeDisk()).spooler.cover(createEntry(publish, 1, session, -3000));

    expect(publish.packet).toEqual(sent);
    expect(publish.expirySeconds).toBe(10);
  });

  test("comes back with its whole interval and its whole age, so that the age is taken off once", () => {
    const disk = new FakeDisk();
    const publish = encodeExpiring(10);
    stampExpiry(publish, 7);
    open(disk).spooler.cover(createEntry(publish, 1, session, -3000));
    disk.work();

    const next = open(disk);
    next.spooler.refill();
    disk.work();

    expect(next.waiting.toArray()).toMatchObject([{ arrivedMs: -3000, publish: { expirySeconds: 10 } }]);
  });

  test("has the least interval there is on the wire and its own on the disk, once a kept session has to get it again", () => {
    const disk = new FakeDisk();
    const publish = encodeExpiring(2);
    stampExpiry(publish, 1);

    open(disk).spooler.cover(createEntry(publish, 1, session, -60_000));
    disk.work();

    expect(expiryOf(publish.packet)).toBe(1);
    expect([...disk.rows.values()].map(({ packet }) => expiryOf(packet))).toEqual([2]);
  });
});
