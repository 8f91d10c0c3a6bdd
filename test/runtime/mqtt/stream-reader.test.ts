import { Duplex } from "node:stream";

import { ProtocolError } from "../../../runtime/mqtt/wire/protocol-error.ts";
import { StreamReader } from "../../../runtime/mqtt/stream-reader.ts";
import { encode } from "./scripted-broker.ts";

const ping = encode({ cmd: "pingresp" });

/** A stream whose chunks arrive when the test says so. */
class FakeStream extends Duplex {
  override _read(): void {}

  /** So many packets arrive in one chunk. */
  arrive(packets: number): void {
    this.emit("data", Buffer.concat(Array.from({ length: packets }, () => ping)));
  }
}

let stream: FakeStream;
let reader: StreamReader;
let received: number;
let broken: unknown[];

beforeEach(() => {
  jest.useFakeTimers();
  stream = new FakeStream();
  received = 0;
  broken = [];
  reader = new StreamReader(
    stream,
    () => received++,
    (cause) => broken.push(cause),
  );
});

afterEach(() => {
  jest.useRealTimers();
});

const gatherMs = 2;

/** So many packets have come within the last two milliseconds. */
function arriveFast(packets: number): void {
  jest.advanceTimersByTime(gatherMs);
  stream.arrive(packets);
}

describe("StreamReader", () => {
  test("hands over the packets of a chunk at once", () => {
    stream.arrive(3);

    expect(received).toBe(3);
  });

  test("lets input gather for two milliseconds while packets come fast", () => {
    arriveFast(20);
    expect(stream.isPaused()).toBe(true);

    jest.advanceTimersByTime(gatherMs);
    expect(stream.isPaused()).toBe(false);
  });

  test("gathers on and on as long as it is so, and no longer", () => {
    for (let round = 0; round < 3; round++) {
      arriveFast(20);
      expect(stream.isPaused()).toBe(true);
    }

    arriveFast(1);
    expect(stream.isPaused()).toBe(false);
  });

  test("reads as they come the packets of an idle stream, also a burst of them", () => {
    jest.advanceTimersByTime(10_000);

    stream.arrive(500);

    expect(stream.isPaused()).toBe(false);
  });

  test("does not judge by less than two milliseconds", () => {
    stream.arrive(20);
    jest.advanceTimersByTime(1);
    stream.arrive(20);

    expect(stream.isPaused()).toBe(false);
  });

  test.each([7, 1])("reads as they come %d packets in two milliseconds: nothing is to be gained", (packets) => {
    arriveFast(packets);

    expect(stream.isPaused()).toBe(false);
  });

  test.each([
    [20, 79, false],
    [20, 80, true],
  ])(
    "does not wait with %d packets in two milliseconds and a window of %d: gathered is %s",
    (packets, window, gathers) => {
      reader.window = window;

      arriveFast(packets);

      expect(stream.isPaused()).toBe(gathers);
    },
  );

  test("stays paused behind a gathering when someone has asked for it, and says so", () => {
    arriveFast(20);
    expect(reader.isPaused).toBe(false); // gathering is nobody else's business

    reader.setPaused(true);
    jest.advanceTimersByTime(1000);
    expect([reader.isPaused, stream.isPaused()]).toEqual([true, true]);

    reader.setPaused(false);
    expect([reader.isPaused, stream.isPaused()]).toEqual([false, false]);
  });

  test("a pause that ends while input gathers waits for its end", () => {
    arriveFast(20);
    reader.setPaused(true);
    reader.setPaused(false);
    expect(stream.isPaused()).toBe(true);

    jest.advanceTimersByTime(gatherMs);
    expect(stream.isPaused()).toBe(false);
  });

  test("counts what arrives", () => {
    stream.arrive(3);
    stream.arrive(500);

    expect(reader.readBytes).toBe(503 * ping.length);
  });

  test("reads what still comes when the end is waited for, paused or not", () => {
    arriveFast(20);
    reader.setPaused(true);

    reader.finish();

    expect(stream.isPaused()).toBe(false);
  });

  test("reports bytes that are no packets, with what is wrong", () => {
    stream.emit("data", Buffer.of(0xd0, 0xff, 0xff, 0xff, 0xff, 0xff));

    expect(broken).toEqual([expect.any(ProtocolError)]);
  });

  test("gives way to other connections after a thousand packets, for one turn", () => {
    jest.useRealTimers();
    stream.arrive(1000);
    expect(stream.isPaused()).toBe(true);

    return new Promise<void>((resolve) => {
      setImmediate(() => {
        expect(stream.isPaused()).toBe(false);
        resolve();
      });
    });
  });

  test("stays paused over that turn where it was paused meanwhile", async () => {
    jest.useRealTimers();
    stream.arrive(1000);
    reader.setPaused(true);

    await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
    expect(stream.isPaused()).toBe(true);

    reader.setPaused(false);
    expect(stream.isPaused()).toBe(false);
  });

  test("hands nothing over behind what could not be read", () => {
    const second = new FakeStream();
    new StreamReader(
      second,
      () => {
        received++;
        if (received === 4) throw new Error("no");
      },
      (cause) => broken.push(cause),
    );

    second.arrive(10);
    second.arrive(10);

    expect(received).toBe(4);
    expect(broken).toHaveLength(1);
  });
});

describe("a reader that is paused in the middle of a chunk", () => {
  beforeEach(() => {
    jest.useRealTimers();
  });

  test("hands over the rest once it is resumed, in a turn of its own, before it reads on", async () => {
    const real = new FakeStream();
    const seen: number[] = [];
    const paused: StreamReader = new StreamReader(
      real,
      (bytes, start) => {
        seen.push(bytes[start + 1] ?? -1);
        if (seen.length === 2) paused.setPaused(true);
      },
      (cause) => broken.push(cause),
    );
    real.arrive(5);
    expect(seen).toHaveLength(2);
    expect([paused.isPaused, real.isPaused()]).toEqual([true, true]);

    paused.setPaused(false);
    expect(seen).toHaveLength(2);
    await new Promise((resolve) => setImmediate(resolve));

    expect(seen).toHaveLength(5);
    expect(real.isPaused()).toBe(false);
    expect(broken).toEqual([]);
  });

  test("hands over nothing of it when it was stopped meanwhile", async () => {
    const real = new FakeStream();
    let count = 0;
    const stopped: StreamReader = new StreamReader(
      real,
      () => {
        if (++count === 2) stopped.setPaused(true);
      },
      (cause) => broken.push(cause),
    );
    real.arrive(5);
    stopped.setPaused(false);
    stopped.stop();
    await new Promise((resolve) => setImmediate(resolve));

    expect(count).toBe(2);
  });
});
