import path from "node:path";
import { DatabaseSync } from "node:sqlite";
import { crc32 } from "node:zlib";

import { readMachineTime } from "../../../../runtime/disk/thread/clock.ts";
import { spoolFile } from "../../../../runtime/disk/protocol.ts";
import { SpoolStore } from "../../../../runtime/disk/thread/store.ts";
import { createTemporaryFolder, removeTemporaryFolders } from "../../../support/temporary-folder.ts";

afterEach(removeTemporaryFolders);

/** What version 1 made, with two messages of one dataflow and none of another. */
function createVersion1(folder: string): void {
  const database = new DatabaseSync(path.join(folder, spoolFile));
  database.exec(`PRAGMA journal_mode = WAL;
    CREATE TABLE queue (name TEXT PRIMARY KEY, last_sequence INTEGER NOT NULL, messages INTEGER NOT NULL, bytes INTEGER NOT NULL, letter_bytes INTEGER NOT NULL, filters TEXT) STRICT;
    CREATE TABLE clock (clock_ms REAL NOT NULL, wall_ms REAL NOT NULL, uptime_ms REAL NOT NULL, boot_id TEXT NOT NULL) STRICT;
    CREATE TABLE dead_letter (id INTEGER PRIMARY KEY, dataflow TEXT NOT NULL, time TEXT NOT NULL, reason TEXT NOT NULL, topic TEXT NOT NULL, destination_topic TEXT NOT NULL, properties TEXT NOT NULL, payload BLOB NOT NULL) STRICT;
    PRAGMA user_version = 1;
    INSERT INTO clock VALUES (700, 0, 0, '');
    INSERT INTO queue VALUES ('flow', 9, 2, 20002, 6, '["a/#"]'), ('idle', 4, 0, 0, 0, NULL);
    INSERT INTO dead_letter VALUES (1, 'flow', 't', 'why', 'in', 'out', '{}', x'00');`);
  for (const name of ["flow", "idle"])
    database.exec(
      `CREATE TABLE "queue/${name}" (sequence INTEGER PRIMARY KEY, arrived_ms REAL NOT NULL, input_topic TEXT, checksum INTEGER NOT NULL, packet BLOB NOT NULL) STRICT`,
    );
  const insert = database.prepare(`INSERT INTO "queue/flow" VALUES (?, ?, ?, ?, ?)`);
  for (const [sequence, packet] of [
    [8, Buffer.alloc(2, 1)],
    [9, Buffer.alloc(20_000, 2)],
  ] as const)
    insert.run(sequence, sequence * 10, "in/a", crc32(packet), packet);
  database.close();
}

describe("a spool of version 1", () => {
  test("is brought to this version with all its messages, dead letters, filters and its clock", () => {
    const folder = createTemporaryFolder("version");
    createVersion1(folder);

    new SpoolStore(folder, readMachineTime).close();
    const store = new SpoolStore(folder, readMachineTime); // it is of this version now

    expect(store.read("flow", 0, { maxMessages: 10, maxBytes: 1e6 })).toMatchObject([
      { sequence: 8, arrivedMs: 80, inputTopic: "in/a", packetBytes: 2, isDeadLetter: false },
      { sequence: 9, packetBytes: 20_000, isDeadLetter: false },
    ]);
    expect(store.queues).toMatchObject({
      flow: { lastSequence: 9, messages: 2, bytes: 20_002, deadLetterBytes: 6, filters: ["a/#"] },
      idle: { lastSequence: 4, messages: 0 },
    });
    // One page for the table, and what the large packet needs beside it.
    expect(store.stateOf("flow").usedBytes).toBe(5 * 4096);
    expect(store.stateOf("idle").usedBytes).toBe(4096);
    expect(store.clockMs).toBeGreaterThanOrEqual(700);
    const letters = store.database.prepare("SELECT dataflow, reason FROM dead_letter").all();
    expect(letters).toEqual([{ dataflow: "flow", reason: "why" }]);
    store.close();
  });
});
