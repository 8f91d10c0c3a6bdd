import {
  chmodSync,
  closeSync,
  copyFileSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeSync,
} from "node:fs";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";

import { spoolFile } from "../../../../runtime/disk/protocol.ts";
import { patientMs, untilTrue } from "../../../support/patience.ts";
import { describeWithVolume, SmallVolume, unmountVolumes } from "../../../support/small-volume.ts";
import { createTemporaryFolder, removeTemporaryFolders } from "../../../support/temporary-folder.ts";
import { Client, range, SpoolBench } from "../spool-bench.ts";

/* The spool's thread by example: what it does when the disk, or somebody at the disk, fails it. */

const mebibyte = 1024 * 1024;
let bench: SpoolBench;

afterEach(async () => {
  await bench.closeAll();
  unmountVolumes();
  removeTemporaryFolders();
});

describeWithVolume("a volume that is full", () => {
  let volume: SmallVolume;

  beforeEach(() => {
    volume = SmallVolume.mount(64 * mebibyte);
    bench = new SpoolBench(path.join(volume.folder, "spool"));
  });

  test("a write that fails is never committed, and is once there is room, in its order and with no hand on it", async () => {
    const spool = await bench.open();
    const client = new Client(spool);
    client.append(3);
    await client.untilCommitted(3);
    volume.fill();

    client.append(2, 100_000);
    expect(await bench.untilTrouble(spool)).toMatch(/the volume of .* is full/);
    await delay(1500); // one more attempt
    expect([client.committed, bench.sequencesOnDisk()]).toEqual([3, [1, 2, 3]]);
    volume.empty();

    await client.untilCommitted(5);
    await bench.untilWell(spool);
    expect(client.timesWorking).toBe(1);
    expect(bench.sequencesOnDisk()).toEqual([1, 2, 3, 4, 5]);
  });

  test("reads and removals go on while a write before them fails", async () => {
    const spool = await bench.open();
    const client = new Client(spool);
    client.append(2000, 4000);
    await client.untilCommitted(2000);
    volume.fill();
    client.append(1, 1_000_000);
    await bench.untilTrouble(spool);

    let after = 0;
    while (after < 2000) {
      const rows = await client.read(after, 100);
      expect(rows[0]?.sequence).toBe(after + 1);
      for (const { sequence, packetBytes } of rows) client.queue.remove(sequence, packetBytes);
      after = rows.at(-1)?.sequence ?? Infinity;
    }
    await client.read();

    expect(bench.sequencesOnDisk()).toEqual([]);
    expect(client.committed).toBe(2000);
    expect(client.queue.messages).toBe(1);
  });

  test("the removal of a message that is not written yet takes its write back", async () => {
    const spool = await bench.open();
    const client = new Client(spool);
    client.append(1);
    await client.untilCommitted(1);
    volume.fill();
    client.append(3, 100_000);
    await bench.untilTrouble(spool);

    client.queue.remove(3, 100_000);
    await client.read();
    volume.empty();
    await client.untilCommitted(4);

    expect(bench.sequencesOnDisk()).toEqual([1, 2, 4]);
  });

  test("a spool that is full when it is opened opens, and what is in it can be read and removed", async () => {
    const first = await bench.open();
    const client = new Client(first);
    client.append(1000, 4000);
    await client.untilCommitted(1000);
    await bench.kill(first);
    volume.fill();

    const spool = await bench.open();
    const next = new Client(spool);
    next.append(1, 1_000_000);
    await bench.untilTrouble(spool);
    const rows = await next.read();
    for (const { sequence, packetBytes } of rows) next.queue.remove(sequence, packetBytes);
    await next.read();

    expect(rows.map(({ sequence }) => sequence)).toEqual(range(1, 1000));
    expect(bench.sequencesOnDisk()).toEqual([]);
  });

  test("closing ends within its deadline, and everything that was committed is there at the next start", async () => {
    const spool = await bench.open();
    const client = new Client(spool);
    client.append(10);
    await client.untilCommitted(10);
    volume.fill();
    client.append(1, 1_000_000);
    await bench.untilTrouble(spool);
    client.queue.remove(1, 100);

    const beforeMs = performance.now();
    await bench.close(spool);
    expect(performance.now() - beforeMs).toBeLessThan(patientMs(3000));
    volume.empty();

    expect(await new Client(await bench.open()).readSequences()).toEqual(range(2, 10));
  });

  test("a volume that is read-only for a while is written again once it can be, with all that was given", async () => {
    const spool = await bench.open();
    const client = new Client(spool);
    client.append(1);
    await client.untilCommitted(1);
    await bench.close(spool);
    volume.setReadOnly(true);
    const opening = bench.open();
    await delay(1500);
    volume.setReadOnly(false);

    const again = new Client(await opening);
    again.append(1);
    await again.untilCommitted(2);

    expect(bench.sequencesOnDisk()).toEqual([1, 2]);
  });
});

describe("files that are deleted, moved or damaged while they are open", () => {
  beforeEach(() => {
    bench = new SpoolBench(path.join(createTemporaryFolder("worker"), "spool"));
  });

  const replaced = "spool goes on in new files, with the messages that could be read";
  const untilReplaced = () => untilTrue("new files", () => bench.lines.some(({ msg }) => msg === replaced));

  test.each<[string, () => void]>([
    [
      "the folder is deleted",
      () => {
        rmSync(bench.folder, { recursive: true });
      },
    ],
    [
      "the folder is moved",
      () => {
        renameSync(bench.folder, `${bench.folder}-elsewhere`);
      },
    ],
    [
      "the database is deleted",
      () => {
        rmSync(path.join(bench.folder, spoolFile));
      },
    ],
    [
      "the log is deleted",
      () => {
        rmSync(path.join(bench.folder, `${spoolFile}-wal`));
      },
    ],
    [
      "an older copy takes the place of the database",
      () => {
        const file = path.join(bench.folder, spoolFile);
        copyFileSync(file, `${file}.copy`);
        renameSync(`${file}.copy`, file);
      },
    ],
  ])("all messages are in new files within seconds when %s, also after a kill", async (_case, harm) => {
    const spool = await bench.open();
    const client = new Client(spool);
    client.append(5000);
    client.queue.rememberFilters(["a/#"], () => undefined);
    await client.untilCommitted(5000);
    for (let sequence = 1; sequence <= 10; sequence++) client.queue.remove(sequence, 100);
    await client.read();

    harm();
    await untilReplaced();
    client.append(10);
    await client.untilCommitted(5010);
    expect(client.queue.messages).toBe(5000);
    await bench.kill(spool);

    const next = new Client(await bench.open());
    expect(await next.readSequences()).toEqual(range(11, 5010));
    expect([next.losses, client.losses]).toEqual([[], []]);
    expect(next.queue.filters).toEqual(["a/#"]);
  });

  test("nothing is reported as committed that went to files which are gone", async () => {
    const spool = await bench.open();
    const client = new Client(spool);
    client.append(1);
    await client.untilCommitted(1);
    // In one turn: the thread has no time to look at the files before it writes.
    rmSync(bench.folder, { recursive: true });
    client.append(100);
    await client.untilCommitted(101);
    await bench.kill(spool);

    expect(await new Client(await bench.open()).readSequences()).toEqual(range(1, 101));
  });

  test("a log that is cut off while it is open: what the database has goes on, and the rest is counted as lost", async () => {
    const spool = await bench.open();
    const client = new Client(spool);
    client.append(20_000, 500);
    await client.untilCommitted(20_000);
    // The log alone knows that these are gone, and is about to lose that.
    for (let sequence = 1; sequence <= 1000; sequence++) client.queue.remove(sequence, 500);
    client.queue.flush();
    await client.read();
    truncateSync(path.join(bench.folder, `${spoolFile}-wal`), 100_000);

    client.append(1, 500);
    await client.untilCommitted(20_001);
    const found = await client.readSequences();

    const lost = client.losses.reduce((sum, { messages }) => sum + messages, 0);
    expect(new Set(found).size).toBe(found.length);
    expect(found[0]).toBe(1001);
    expect(found.at(-1)).toBe(20_001);
    expect(lost).toBe(19_001 - found.length);
  });

  test("damaged pages cost the messages in them, which are counted, and no others", async () => {
    const spool = await bench.open(["flow", "other"]);
    const [client, other] = [new Client(spool), new Client(spool, "other")];
    client.append(20_000, 500);
    other.append(10);
    await client.untilCommitted(20_000);
    await other.untilCommitted(10);
    await bench.close(spool);
    const file = openSync(path.join(bench.folder, spoolFile), "r+");
    for (const page of [300, 301, 900]) writeSync(file, Buffer.alloc(4096, 0xee), 0, 4096, page * 4096);
    closeSync(file);

    const again = await bench.open(["flow", "other"]);
    const [next, nextOther] = [new Client(again), new Client(again, "other")];
    const read = next.read(0, 20_000);
    await untilReplaced();
    await read; // answered from the new files
    const found = await next.readSequences();

    const lost = next.losses.reduce((sum, { messages }) => sum + messages, 0);
    expect(lost).toBeGreaterThan(0);
    expect(lost).toBeLessThanOrEqual(3 * 8);
    expect(found.length).toBe(20_000 - lost);
    expect(await nextOther.readSequences()).toEqual(range(1, 10));
    expect(nextOther.losses).toEqual([]);
    expect(bench.filesAside.length).toBeGreaterThan(0);
  });

  test("a log that is cut off between two starts is counted: the marks know what was committed", async () => {
    const spool = await bench.open();
    const client = new Client(spool);
    client.append(10);
    await client.untilCommitted(10);
    const log = path.join(bench.folder, `${spoolFile}-wal`);
    const { size } = statSync(log);
    client.append(90);
    await client.untilCommitted(100);
    await bench.kill(spool);
    truncateSync(log, size);

    const again = await bench.open();
    const next = new Client(again);

    expect(await next.readSequences()).toEqual(range(1, 10));
    expect(next.losses).toMatchObject([
      { messages: 90, reason: expect.stringMatching(/hold less than was committed/) },
    ]);
    expect(next.queue.lastSequence).toBe(100);
    next.queue.settleLoss();
    await next.read();
    await bench.close(again);
    expect(new Client(await bench.open()).losses).toEqual([]);
  });

  test("a spool that was deleted between two starts is counted", async () => {
    const spool = await bench.open();
    const client = new Client(spool);
    client.append(10);
    await client.untilCommitted(10);
    await bench.close(spool);
    rmSync(path.join(bench.folder, spoolFile));
    rmSync(path.join(bench.folder, `${spoolFile}-wal`), { force: true });

    const next = new Client(await bench.open());

    expect(next.losses).toMatchObject([{ messages: 10 }]);
  });

  test("the files are for their owner alone, also those that an earlier version has left", async () => {
    const modes = () =>
      new Set(readdirSync(bench.folder).map((name) => statSync(path.join(bench.folder, name)).mode & 0o777));
    const useOnce = async () => {
      const spool = await bench.open();
      const client = new Client(spool);
      client.append(1);
      await client.untilCommitted(client.queue.lastSequence);
      const found = modes();
      await bench.close(spool);
      return found;
    };

    expect(await useOnce()).toEqual(new Set([0o600]));
    expect(statSync(bench.folder).mode & 0o777).toBe(0o700);
    for (const name of readdirSync(bench.folder)) chmodSync(path.join(bench.folder, name), 0o644);

    expect(await useOnce()).toEqual(new Set([0o600]));
  });
});
