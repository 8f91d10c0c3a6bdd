import type { SpoolQueue } from "../../../runtime/disk/spool.ts";
import { ForwarderBench } from "./fakes.ts";

/** A disk that takes dead letters and never writes them, and says so. */
class LateDisk {
  takenBytes = 0;
  pendingDeadLetterBytes = 0;
  trouble: string | undefined = "it is full";
  readonly #commits: (() => void)[] = [];

  addDeadLetter({ payload }: { readonly payload: Uint8Array }, onCommitted: () => void): void {
    this.pendingDeadLetterBytes += payload.length;
    this.#commits.push(onCommitted);
  }

  get length(): number {
    return this.#commits.length;
  }

  write(): void {
    this.trouble = undefined;
    this.pendingDeadLetterBytes = 0;
    for (const commit of this.#commits.splice(0)) commit();
  }
}

function createBench() {
  const bench = new ForwarderBench({
    undeliverable: "DeadLetter",
    maxInflightBytes: 4_000_000,
    deadLetters: { dataflow: "flow", maxBytes: 1e9 },
    limits: { maximumPacketBytes: 1000 },
  });
  const disk = new LateDisk();
  bench.forwarder.useDisk(disk as unknown as SpoolQueue);
  return { bench, disk };
}

const large = "x".repeat(100_000);

describe("dead letters that wait for a disk that fails", () => {
  test("are given up and counted beyond 1 MiB where they came with QoS 0, for nothing else bounds them", () => {
    const { bench, disk } = createBench();

    for (let count = 0; count < 50; count++) bench.arrive(0, { qos: 0, payload: large });

    expect(disk.length).toBe(11);
    expect(bench.counters.lost.qos0_no_room).toBe(39);
    expect(bench.troubles.at(-1)).toMatchObject({ kind: "qos0_no_room" });
  });

  test("count as memory where they came with QoS 1: the source is read no further, and again once they are written", () => {
    const { bench, disk } = createBench();

    for (let messageId = 1; messageId <= 50; messageId++) bench.arrive(messageId, { qos: 1, payload: large });

    expect(bench.source.isPaused).toBe(true);
    expect(bench.counters.lost.qos0_no_room).toBe(0);
    disk.write();
    expect(bench.source.isPaused).toBe(false);
    expect(bench.source.acknowledged).toHaveLength(50);
  });
});
