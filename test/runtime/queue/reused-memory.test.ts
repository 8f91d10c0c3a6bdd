import { largeBuffers } from "../../../runtime/memory/large-buffers.ts";
import { PacketReader } from "../../../runtime/mqtt/packet-reader.ts";
import { PublishView, type EncodedPublish } from "../../../runtime/mqtt/publish.ts";
import { PublishContent } from "../../../runtime/connection/publish-content.ts";
import { numbers } from "../../support/random-numbers.ts";
import { encode } from "../mqtt/scripted-broker.ts";
import { FakeDestination, ForwarderBench, limits } from "./fakes.ts";

const payloadBytes = 20_000;

/** What stands in memory that was given back: whoever still reads it shows it. */
const mark = 0xdd;

let givenBack: Buffer[];

beforeEach(() => {
  givenBack = [];
  const giveBack = largeBuffers.giveBack.bind(largeBuffers);
  jest.spyOn(largeBuffers, "giveBack").mockImplementation((bytes) => {
    givenBack.push(bytes);
    bytes.fill(mark);
    giveBack(bytes);
  });
});
afterEach(() => {
  jest.restoreAllMocks();
});

/** Reads a large PUBLISH that comes in two pieces, so that it lies in memory of its own. */
function readLarge(messageId: number, handle: (view: PublishView) => void, topic = "a/b"): void {
  const payload = Buffer.alloc(payloadBytes, String(messageId));
  const bytes = encode({ cmd: "publish", topic, payload, dup: false, retain: false, qos: 1, messageId });
  const view = new PublishView();
  const reader = new PacketReader((packet, start, end, headerLength, isOwn) => {
    handle(view.read(packet, start, end, headerLength, isOwn).scanProperties());
    view.leave();
  });
  reader.push(bytes.subarray(0, 1000));
  reader.push(bytes.subarray(1000));
}

function arriveLarge(bench: ForwarderBench, messageId: number): void {
  readLarge(messageId, (view) => {
    bench.sourceSide.onPublish(view);
  });
}

/** Keeps the bytes that it was given, as a socket does, until they have left. */
class HoldingDestination extends FakeDestination {
  readonly held: { readonly publish: EncodedPublish; readonly copy: Buffer }[] = [];
  readonly ids: number[] = [];
  override writePublish = (publish: EncodedPublish) => {
    this.held.push({ publish, copy: Buffer.from(publish.packet) });
    this.ids.push(publish.packet.readUInt16BE(publish.packetIdOffset));
    this.pendingBytes += publish.length;
    this.moved.givenBytes += publish.length;
  };

  /** What was written leaves, oldest first. @returns how many of them have another payload than what was written */
  leave(count = this.held.length): number {
    let changed = 0;
    for (const { publish, copy } of this.held.splice(0, count)) {
      this.pendingBytes -= publish.length;
      // An earlier connection's packet gets a new identifier, and DUP, for the one that follows.
      if (!publish.packet.subarray(-payloadBytes).equals(copy.subarray(-payloadBytes))) changed++;
    }
    return changed;
  }
}

describe("memory of a large message", () => {
  test("takes the next one once the destination has acknowledged it", () => {
    const bench = new ForwarderBench();
    const payloads: string[] = [];
    bench.destination.writePublish = ({ packet }) => void payloads.push(packet.toString("latin1").slice(-2));
    for (let id = 1; id <= 5; id++) {
      arriveLarge(bench, id);
      bench.destinationSide.onPuback(id, 0);
    }

    expect(payloads).toEqual(["11", "22", "33", "44", "55"]);
    expect(givenBack).toHaveLength(5);
    expect(new Set(givenBack).size).toBe(1);
  });

  test("is not used again while it is in flight", () => {
    const bench = new ForwarderBench();
    arriveLarge(bench, 1);
    arriveLarge(bench, 2);

    expect(givenBack).toEqual([]);
  });

  test("is not used again when it was acknowledged before it had left the process", () => {
    const bench = new ForwarderBench();
    bench.destination.pendingBytes = 1;
    arriveLarge(bench, 1);
    bench.destinationSide.onPuback(1, 0);

    expect(bench.source.acknowledged).toEqual([1]);
    expect(givenBack).toEqual([]);
  });

  test("takes the next one although others have not left the process yet", () => {
    const bench = new ForwarderBench();
    const destination = new HoldingDestination();
    bench.destinationSide.close();
    bench.destinationSide = bench.forwarder.openDestination(destination, limits);
    arriveLarge(bench, 1);
    arriveLarge(bench, 2);
    destination.leave(1);
    for (const id of [2, 1]) bench.destinationSide.onPuback(id, 0);

    expect(givenBack).toHaveLength(1);
    expect(destination.leave()).toBe(0);
  });

  test("is not used again when an earlier connection may still have it", () => {
    const bench = new ForwarderBench();
    arriveLarge(bench, 1);
    bench.reconnectDestination({});
    bench.destinationSide.onPuback(1, 0);

    expect(bench.source.acknowledged).toEqual([1]);
    expect(givenBack).toEqual([]);
  });

  test("is not used again when nobody acknowledges it", () => {
    const bench = new ForwarderBench({ qos: 0 });
    arriveLarge(bench, 1);

    // It was encoded anew, without a packet identifier: what it came in is free at once, and what it leaves in never is.
    expect(String(bench.destination.written[0]?.payload)).toBe("1".repeat(payloadBytes));
    expect(givenBack).toHaveLength(1);
  });

  test("is not used again when the message was refused", () => {
    const bench = new ForwarderBench({ undeliverable: "Discard" });
    arriveLarge(bench, 1);
    bench.destinationSide.onPuback(1, 0x99);

    expect(bench.counters.lost.undeliverable).toBe(1);
    expect(givenBack).toEqual([]);
  });

  test("is not used again when somebody remembers the message, to tell its copies", () => {
    const bench = new ForwarderBench();
    const content = new PublishContent();
    readLarge(1, (view) => {
      content.remember(view);
      bench.sourceSide.onPublish(view);
    });
    bench.destinationSide.onPuback(1, 0);

    expect(givenBack).toEqual([]);
    let isKnown = false;
    readLarge(1, (view) => (isKnown = content.equals(view)));
    expect(isKnown).toBe(true);
  });
});

test("no byte changes between a write and the moment at which it leaves, whatever happens meanwhile: 200 random histories", () => {
  let reused = 0;
  for (let seed = 1; seed <= 200; seed++) {
    const random = numbers(seed);
    const bench = new ForwarderBench();
    const destinations: HoldingDestination[] = [];
    let changed = 0;
    const connect = () => {
      bench.destinationSide.close();
      const destination = new HoldingDestination();
      destinations.push(destination);
      bench.destination = destination;
      bench.destinationSide = bench.forwarder.openDestination(destination, {
        ...limits,
        sessionPresent: random() < 0.5,
      });
    };
    connect();
    for (let step = 0; step < 120; step++) {
      const current = destinations.at(-1);
      const event = random();
      if (event < 0.35) arriveLarge(bench, step + 1);
      else if (event < 0.6) for (const one of destinations) changed += one.leave(1 + Math.floor(random() * 3));
      else if (event < 0.95) {
        const id = current?.ids.shift(); // whether its bytes have left or not
        if (id !== undefined) bench.destinationSide.onPuback(id, random() < 0.9 ? 0 : 0x10);
      } else connect();
    }
    for (const one of destinations) changed += one.leave();
    expect({ seed, changed }).toEqual({ seed, changed: 0 });
    reused += givenBack.length;
    givenBack = [];
  }
  expect(reused).toBeGreaterThan(1500);
});
