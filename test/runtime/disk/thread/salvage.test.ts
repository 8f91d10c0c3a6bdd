import { closeSync, existsSync, openSync, renameSync, rmSync, writeFileSync, writeSync } from "node:fs";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { DatabaseSync } from "node:sqlite";

import { openDatabase } from "../../../../runtime/disk/thread/database.ts";
import { spoolFile } from "../../../../runtime/disk/protocol.ts";
import { salvage } from "../../../../runtime/disk/thread/salvage.ts";
import type { SpoolStore } from "../../../../runtime/disk/thread/store.ts";
import { describeWithVolume, SmallVolume, unmountVolumes } from "../../../support/small-volume.ts";
import { createTemporaryFolder, removeTemporaryFolders } from "../../../support/temporary-folder.ts";
import { untilTrue } from "../../../support/patience.ts";
import { Client, range, SpoolBench } from "../spool-bench.ts";

const mebibyte = 1024 * 1024;
const messages = 4000;
let bench: SpoolBench;
let volume: SmallVolume;

/** A spool of 16 MB on a volume of 64 MiB, which is full but for the reserve. */
async function fillSpool() {
  const spool = await bench.open();
  const client = new Client(spool);
  client.append(messages, 4000);
  await client.untilCommitted(messages);
  return { spool, client };
}

/** Pages of the database that hold messages; nothing else is damaged. */
function damagePages(): void {
  const file = openSync(path.join(bench.folder, spoolFile), "r+");
  for (const page of [300, 301, 900]) writeSync(file, Buffer.alloc(4096, 0xee), 0, 4096, page * 4096);
  closeSync(file);
}

/** Damages the page of the clock, so that the damage is noticed as soon as the spool is opened. */
function damageClock(): void {
  const database = new DatabaseSync(path.join(bench.folder, spoolFile));
  const { page } = database.prepare("SELECT rootpage AS page FROM sqlite_schema WHERE name = 'clock'").get() as {
    page: number;
  };
  database.close();
  const file = openSync(path.join(bench.folder, spoolFile), "r+");
  writeSync(file, Buffer.alloc(4096, 0xee), 0, 4096, (page - 1) * 4096);
  closeSync(file);
}

/** Brings all that the log has into the database; the log keeps its length, which a relay that has it open looks after. */
function takeLogOver(): void {
  const database = new DatabaseSync(path.join(bench.folder, spoolFile));
  database.exec("PRAGMA busy_timeout = 5000; PRAGMA wal_checkpoint(PASSIVE)");
  database.close();
}

describeWithVolume("damaged files on a volume that has no room for new ones", () => {
  beforeEach(() => {
    volume = SmallVolume.mount(64 * mebibyte);
    bench = new SpoolBench(path.join(volume.folder, "spool"));
  });

  afterEach(async () => {
    await bench.closeAll();
    unmountVolumes();
    removeTemporaryFolders();
  });

  test("wait for it with the reason, are kept as they are, and cost no message that can be read once there is room", async () => {
    const { spool } = await fillSpool();
    await bench.close(spool);
    takeLogOver();
    damagePages();
    damageClock();
    volume.fill();

    const opening = bench.open();
    await untilTrue("the reason", () =>
      bench.lines.some(({ reason }) => /new files can't be made: .*full/.test(String(reason))),
    );
    await delay(3500); // some more attempts
    expect(bench.databasesAside).toHaveLength(1);
    volume.empty();
    const again = new Client(await opening);

    const sequences = await again.readSequences();
    const lost = again.losses.reduce((sum, loss) => sum + loss.messages, 0);
    expect(sequences.length).toBeGreaterThan(messages - 20);
    expect(sequences.length + lost).toBe(messages);
    expect(again.losses[0]?.reason).not.toContain("could not all be copied");
    expect(bench.databasesAside).toHaveLength(1);
  });

  test("wait for it while the relay runs, and what was given meanwhile is written behind what could be read", async () => {
    const { client, spool } = await fillSpool();
    takeLogOver();
    damagePages();
    volume.fill();

    const read = client.read(0, messages);
    await untilTrue("the reason", () => /new files can't be made: .*full/.test(spool.trouble ?? ""));
    client.append(2);
    await delay(3500);
    expect(spool.trouble).toMatch(/malformed.*; new files can't be made: .*full/);
    expect(client.committed).toBe(messages);
    expect(bench.databasesAside).toHaveLength(1);
    volume.empty();
    await bench.untilWell(spool);
    await read;

    await client.untilCommitted(messages + 2);
    const sequences = await client.readSequences();
    const lost = client.losses.reduce((sum, loss) => sum + loss.messages, 0);
    expect(sequences.slice(-2)).toEqual(range(messages + 1, messages + 2));
    expect(sequences.length + lost).toBe(messages + 2);
    expect(lost).toBeLessThan(20);
  });

  test("cost nothing where they were deleted while they were open, for they can still be read", async () => {
    const { client, spool } = await fillSpool();
    for (const name of ["", "-wal", "-shm"]) rmSync(path.join(bench.folder, spoolFile + name));
    volume.fill();

    await untilTrue("the reason", () => /new files can't be made: .*full/.test(spool.trouble ?? ""));
    await delay(3500);
    expect(bench.databasesAside).toEqual([]);
    volume.empty();
    await bench.untilWell(spool);

    expect(await client.readSequences()).toEqual(range(1, messages));
    expect(client.losses).toEqual([]);
    expect(bench.databasesAside).toEqual([]);
  });
});

describe("a replacement in whose middle the process was killed", () => {
  const aside = `${spoolFile}.damaged-2026-11-27T00-00-00.000Z`;

  beforeEach(() => {
    bench = new SpoolBench(createTemporaryFolder("salvage"));
  });

  afterEach(async () => {
    await bench.closeAll();
    removeTemporaryFolders();
  });

  test.each<[string, boolean, boolean]>([
    ["before the old files had their other name", false, false],
    ["before the new ones were there", true, false],
    ["while they held a part", true, true],
  ])("is begun anew by the next one: %s", async (_case, isMoved, hasPart) => {
    const spool = await bench.open();
    const client = new Client(spool);
    client.append(100);
    await client.untilCommitted(100);
    await bench.close(spool);
    takeLogOver();
    const at = (name: string) => path.join(bench.folder, name);
    writeFileSync(at(`${spoolFile}-replacing`), aside);
    if (isMoved) renameSync(at(spoolFile), at(aside));
    if (hasPart) openDatabase(at(spoolFile)).close();

    const again = new Client(await bench.open());

    expect(await again.readSequences()).toEqual(range(1, 100));
    expect(again.losses).toEqual([]);
    expect(bench.databasesAside).toEqual([aside]);
    expect(existsSync(at(`${spoolFile}-replacing`))).toBe(false);
  });
});

describe("a copy that can't be written", () => {
  /** Copies one queue of ten messages to a spool that answers each write with this code of SQLite. */
  async function copyTo(errcode: number) {
    bench = new SpoolBench(createTemporaryFolder("salvage"));
    const spool = await bench.open();
    const client = new Client(spool);
    client.append(10);
    await client.untilCommitted(10);
    await bench.close(spool);
    const from = new DatabaseSync(path.join(bench.folder, spoolFile), { readOnly: true });
    const write = () => {
      throw Object.assign(new Error("refused"), { errcode });
    };
    const to = { write, clockNowMs: 0 } as unknown as SpoolStore;
    try {
      return salvage({ from, to, expected: new Map(), isUnwanted: () => false, reason: "damage" });
    } finally {
      from.close();
      removeTemporaryFolders();
    }
  }

  test.each([
    ["SQLITE_FULL", 13],
    ["SQLITE_IOERR_WRITE", 778],
    ["SQLITE_READONLY", 8],
    ["SQLITE_CANTOPEN", 14],
  ])("is tried again where that may pass, and nothing counts as lost: %s", async (_name, errcode) => {
    await expect(copyTo(errcode)).rejects.toThrow("refused");
  });

  test("is counted as lost where it never passes", async () => {
    expect(await copyTo(19)).toEqual(
      new Map([["flow", { messages: 10, reason: "damage; what can be read could not all be copied (refused)" }]]),
    );
  });
});
