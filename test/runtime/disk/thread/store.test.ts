import { execFileSync } from "node:child_process";
import { appendFileSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import path from "node:path";
import { DatabaseSync } from "node:sqlite";

import type { MachineTime } from "../../../../runtime/disk/thread/clock.ts";
import type { WriteRequest } from "../../../../runtime/disk/protocol.ts";
import { SpoolStore } from "../../../../runtime/disk/thread/store.ts";
import { createTemporaryFolder, removeTemporaryFolders } from "../../../support/temporary-folder.ts";

const opened: SpoolStore[] = [];
let folder = "";
let time: MachineTime;

beforeEach(() => {
  folder = createTemporaryFolder("spool");
  time = { wallMs: 1_000_000, uptimeMs: 5000, bootId: "boot" };
});

afterEach(() => {
  for (const store of opened.splice(0)) store.close();
  removeTemporaryFolders();
});

function open(): SpoolStore {
  const store = new SpoolStore(folder, () => time);
  opened.push(store);
  return store;
}

function reopen(store: SpoolStore): SpoolStore {
  opened.splice(opened.indexOf(store), 1);
  store.close();
  return open();
}

/** Messages of these sequences, each of its number in letters. */
function write(queue: string, sequences: readonly number[], more: Partial<WriteRequest> = {}): WriteRequest {
  const packets = sequences.map((sequence) => Buffer.from(`message ${sequence}`));
  const rows = sequences.map((sequence, index) => ({
    sequence,
    arrivedMs: sequence * 10,
    inputTopic: sequence % 2 === 0 ? "in/even" : undefined,
    packetBytes: packets[index]!.length,
    isDeadLetter: false,
  }));
  const none = { removed: [], deadLetters: [], batch: 1, clockMs: 0 };
  return { kind: "write", queue, rows, packets: Buffer.concat(packets), ...none, ...more };
}

const all = { maxMessages: 1000, maxBytes: 1_000_000 };

function textsOf(store: SpoolStore, queue: string, after = 0, bounds = all): string[] {
  return store.read(queue, after, bounds).map(({ packet }) => Buffer.from(packet).toString());
}

describe("SpoolStore", () => {
  test("keeps messages over a restart, in their order, with what belongs to them", () => {
    const store = open();
    store.write([write("flow", [1, 2]), write("other", [1]), write("flow", [3])]);

    const again = reopen(store);

    expect(textsOf(again, "flow")).toEqual(["message 1", "message 2", "message 3"]);
    expect(again.read("flow", 1, all)[0]).toMatchObject({ sequence: 2, arrivedMs: 20, inputTopic: "in/even" });
    expect(again.read("flow", 2, all)[0]).toMatchObject({ sequence: 3, inputTopic: undefined });
    expect(again.queues).toEqual({
      flow: {
        lastSequence: 3,
        messages: 3,
        bytes: 27,
        usedBytes: 4096,
        deadLetterBytes: 0,
        oldestMs: 10,
        filters: undefined,
      },
      other: {
        lastSequence: 1,
        messages: 1,
        bytes: 9,
        usedBytes: 4096,
        deadLetterBytes: 0,
        oldestMs: 10,
        filters: undefined,
      },
    });
  });

  test("commits with fsync: the journal is written ahead and synchronous is FULL", () => {
    const database = new DatabaseSync(path.join(folder, "probe.sqlite"));
    const pragmas: string[] = [];
    const exec = jest.spyOn(DatabaseSync.prototype, "exec").mockImplementation((sql: string) => void pragmas.push(sql));
    try {
      open();
    } catch {
      // The tables are not there: only what was asked for counts.
    }
    exec.mockRestore();
    database.close();

    expect(pragmas.join("; ")).toMatch(/journal_mode = WAL/);
    expect(pragmas.join("; ")).toMatch(/synchronous = FULL/);
  });

  test("forgets what is removed, and counts what is left", () => {
    const store = open();
    store.write([write("flow", [1, 2, 3])]);
    store.write([write("flow", [4], { removed: [1, 3, 77] })]);

    expect(textsOf(store, "flow")).toEqual(["message 2", "message 4"]);
    expect(store.queues["flow"]).toMatchObject({ messages: 2, bytes: 18, lastSequence: 4 });
    expect(reopen(store).queues["flow"]).toMatchObject({ messages: 2, bytes: 18, lastSequence: 4 });
  });

  test("forgets a run of messages at once, and counts what of it was there", () => {
    const store = open();
    store.write([write("flow", [1, 2, 3, 4, 5, 6])]);
    store.write([write("flow", [], { removed: [3] })]);

    store.write([write("flow", [], { removed: [2, 3, 4, 5, 8, 9] })]);

    expect(textsOf(store, "flow")).toEqual(["message 1", "message 6"]);
    expect(store.queues["flow"]).toMatchObject({ messages: 2, bytes: 18, lastSequence: 6 });
    expect([2, 5, 7].map((sequence) => store.wasJustRemoved("flow", sequence))).toEqual([true, true, false]);
  });

  test("counts the pages of dead letters for no queue, whatever is written with them", () => {
    const store = open();
    const deadLetter = { time: "", reason: "", topic: "", destinationTopic: "", properties: "{}" };
    const deadLetters = [{ ...deadLetter, payload: Buffer.alloc(50_000) }];

    store.write([write("flow", [1], { deadLetters }), write("other", [1])]);
    store.write([write("flow", [2], { deadLetters }), write("flow", [3])]);

    expect([store.stateOf("flow").usedBytes, store.stateOf("other").usedBytes]).toEqual([4096, 4096]);
  });

  test("takes over and removes a message of the same request", () => {
    const store = open();
    store.write([write("flow", [1, 2], { removed: [1] })]);

    expect(textsOf(store, "flow")).toEqual(["message 2"]);
  });

  test("never uses a sequence again, though all its messages are gone", () => {
    const store = open();
    store.write([write("flow", [1, 2], { removed: [1, 2] })]);

    expect(reopen(store).queues["flow"]).toMatchObject({ lastSequence: 2, messages: 0, bytes: 0 });
  });

  test.each([
    [{ maxMessages: 2, maxBytes: 1000 }, 2],
    [{ maxMessages: 10, maxBytes: 34 }, 3], // 9 bytes each, and 7 for the topic of the second
    [{ maxMessages: 10, maxBytes: 33 }, 2],
    [{ maxMessages: 10, maxBytes: 1 }, 1],
  ])("reads no more than %j, and one at least", (bounds, count) => {
    const store = open();
    store.write([write("flow", [1, 2, 3, 4])]);

    expect(textsOf(store, "flow", 0, bounds)).toHaveLength(count);
  });

  test("writes all of a request or nothing of it", () => {
    const store = open();
    store.write([write("flow", [1])]);

    expect(() => {
      store.write([write("flow", [2]), write("fresh", [1]), write("flow", [1])]);
    }).toThrow("UNIQUE");

    expect(textsOf(store, "flow")).toEqual(["message 1"]);
    expect(store.queues["flow"]).toMatchObject({ lastSequence: 1, messages: 1, bytes: 9 });
    store.write([write("flow", [2]), write("fresh", [1])]);
    expect(textsOf(store, "fresh")).toEqual(["message 1"]);
  });

  test("keeps dead letters, to be read by other programs while it is open", () => {
    const store = open();
    const deadLetter = { time: "t", reason: "why", topic: "in", destinationTopic: "out", properties: "{}" };
    store.write([write("flow", [], { deadLetters: [{ ...deadLetter, payload: Buffer.from("body") }] })]);

    const reader = new DatabaseSync(path.join(folder, "spool.sqlite"), { readOnly: true });
    const rows = reader.prepare("SELECT * FROM dead_letter").all();
    reader.close();

    expect(rows).toEqual([
      {
        id: 1,
        dataflow: "flow",
        time: "t",
        reason: "why",
        topic: "in",
        destination_topic: "out",
        properties: "{}",
        payload: new Uint8Array(Buffer.from("body")),
      },
    ]);
    expect(store.queues["flow"]?.deadLetterBytes).toBeGreaterThanOrEqual(6 + "why".length + "in".length + "out".length);
  });

  test("remembers the filters of a session", () => {
    const store = open();
    store.write([write("flow", [], { filters: ["a/#", "b"] })]);
    store.write([write("flow", [1])]);

    expect(reopen(store).queues["flow"]?.filters).toEqual(["a/#", "b"]);
  });

  test("lets no second process in", () => {
    open();

    expect(() => new SpoolStore(folder, () => time)).toThrow("database is locked");
  });

  test("lets the next process in after one that was killed", () => {
    const source = path.join(import.meta.dirname, "../../../../runtime/disk/thread/store.ts");
    const program = `import { SpoolStore } from ${JSON.stringify(source)};
      const store = new SpoolStore(${JSON.stringify(folder)}, () => (${JSON.stringify(time)}));
      store.write([${JSON.stringify({ ...write("flow", [1]), packets: [] })}].map((request) => ({ ...request, packets: Buffer.from("message 1") })));
      process.kill(process.pid, "SIGKILL");`;
    expect(() => execFileSync(process.execPath, ["--input-type=module", "-e", program])).toThrow();

    expect(textsOf(open(), "flow")).toEqual(["message 1"]);
  });

  test("says that a message is damaged instead of handing it over", () => {
    const store = open();
    store.write([write("flow", [1, 2])]);
    opened.splice(0);
    store.close();
    const file = path.join(folder, "spool.sqlite");
    const bytes = readFileSync(file);
    bytes[bytes.indexOf("message 2")] = 0x4d;
    writeFileSync(file, bytes);
    const again = open();

    expect(textsOf(again, "flow", 0, { maxMessages: 1, maxBytes: 100 })).toEqual(["message 1"]);
    expect(again.read("flow", 1, all)).toMatchObject([{ sequence: 2, damage: "its checksum is wrong" }]);
  });

  test.each([
    [
      "no database",
      (file: string) => {
        writeFileSync(file, "x".repeat(5000));
      },
      "file is not a database",
    ],
    [
      "of a later version",
      (file: string) => {
        execSql(file, "PRAGMA user_version = 9");
      },
      "it is of version 9",
    ],
  ])("refuses a file that is %s", (_case, damage, message) => {
    reopenAfter((file) => {
      damage(file);
    });

    expect(() => new SpoolStore(folder, () => time)).toThrow(message);
  });

  test("finds what was committed though the journal ends in the middle of a record", () => {
    const store = open();
    store.write([write("flow", [1])]);
    const journal = path.join(folder, "spool.sqlite-wal");
    const copy = createTemporaryFolder("torn");
    const torn = readFileSync(journal);
    writeFileSync(path.join(copy, "spool.sqlite"), readFileSync(path.join(folder, "spool.sqlite")));
    writeFileSync(path.join(copy, "spool.sqlite-wal"), torn);
    appendFileSync(path.join(copy, "spool.sqlite-wal"), torn.subarray(32, 2000));
    const again = new SpoolStore(copy, () => time);
    opened.push(again);

    expect(textsOf(again, "flow")).toEqual(["message 1"]);
  });

  test("a journal that lost its last commit has lost that and nothing before it", () => {
    const store = open();
    store.write([write("flow", [1])]);
    const copy = createTemporaryFolder("torn");
    const length = readFileSync(path.join(folder, "spool.sqlite-wal")).length;
    store.write([write("flow", [2])]);
    for (const file of ["spool.sqlite", "spool.sqlite-wal"])
      writeFileSync(path.join(copy, file), readFileSync(path.join(folder, file)));
    truncateSync(path.join(copy, "spool.sqlite-wal"), length + 100);
    const again = new SpoolStore(copy, () => time);
    opened.push(again);

    expect(textsOf(again, "flow")).toEqual(["message 1"]);
  });

  test("opens what an earlier start left that was cut short at any point of making the tables", () => {
    open();
    const [database, journal] = ["spool.sqlite", "spool.sqlite-wal"].map((file) =>
      readFileSync(path.join(folder, file)),
    );
    const [headerBytes, frameBytes] = [32, 24 + 4096];
    for (let bytes = headerBytes; bytes <= journal!.length; bytes += frameBytes) {
      const copy = createTemporaryFolder("cut");
      writeFileSync(path.join(copy, "spool.sqlite"), database!);
      writeFileSync(path.join(copy, "spool.sqlite-wal"), journal!.subarray(0, bytes));
      const again = new SpoolStore(copy, () => time);
      opened.push(again);
      again.write([write("flow", [1])]);

      expect(textsOf(again, "flow")).toEqual(["message 1"]);
    }
    expect(journal!.length).toBeGreaterThan(headerBytes + frameBytes);
  });

  function reopenAfter(act: (file: string) => void): void {
    const store = open();
    store.write([write("flow", [1])]);
    opened.splice(0);
    store.close();
    act(path.join(folder, "spool.sqlite"));
  }
});

function execSql(file: string, sql: string): void {
  const database = new DatabaseSync(file);
  database.exec(sql);
  database.close();
}

describe("the spool's clock", () => {
  function clockAfter(change: Partial<MachineTime>): number {
    const store = open();
    store.write([write("flow", [1], { clockMs: 700 })]);
    time = { ...time, ...change };
    return reopen(store).clockMs;
  }

  test.each([
    ["goes on with the machine's uptime", { uptimeMs: 8000, wallMs: 1_003_000 }, 3700],
    ["does not see the wall time jump ahead", { uptimeMs: 8000, wallMs: 9_999_999 }, 3700],
    ["does not see the wall time jump back", { uptimeMs: 8000, wallMs: 0 }, 3700],
    [
      "takes the wall time after the machine was restarted",
      { uptimeMs: 10, wallMs: 1_060_000, bootId: "next" },
      60_700,
    ],
    ["stands still when it was set back then", { uptimeMs: 10, wallMs: 5, bootId: "next" }, 700],
    ["takes the wall time where starts can't be told apart", { bootId: "", wallMs: 1_001_000 }, 1700],
  ])("%s", (_case, change, clockMs) => {
    expect(clockAfter(change)).toBe(clockMs);
  });

  test("begins at 0", () => {
    expect(open().clockMs).toBe(0);
  });
});
