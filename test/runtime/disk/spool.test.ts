import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { DatabaseSync } from "node:sqlite";
import { setTimeout as delay } from "node:timers/promises";

import { createLog } from "../../../runtime/report/log.ts";
import { spoolFile } from "../../../runtime/disk/protocol.ts";
import { hasSpool, Spool, type QueueEvents, type SpoolQueue } from "../../../runtime/disk/spool.ts";
import { patientMs, untilTrue } from "../../support/patience.ts";
import { createTemporaryFolder, removeTemporaryFolders } from "../../support/temporary-folder.ts";
import { Client } from "./spool-bench.ts";

/*
 * The spool with its real thread and disk. What the thread does with what it is given is tested in store.test.ts, what a
 * dataflow makes of it in test/integration/spool.test.ts.
 */

const opened: Spool[] = [];
const lines: Record<string, unknown>[] = [];
let folder = "";

beforeEach(() => {
  folder = createTemporaryFolder("spool");
  lines.length = 0;
});

afterEach(async () => {
  for (const spool of opened.splice(0)) await spool.close(AbortSignal.timeout(patientMs(5000)));
  removeTemporaryFolders();
});

async function open(): Promise<Spool> {
  const log = createLog("info", { write: (line) => lines.push(JSON.parse(line) as Record<string, unknown>) });
  const spool = new Spool(folder, log);
  opened.push(spool);
  const problem = await spool.open();
  if (problem !== undefined) throw new Error(problem);
  return spool;
}

async function reopen(spool: Spool): Promise<Spool> {
  opened.splice(opened.indexOf(spool), 1);
  await spool.close(AbortSignal.timeout(patientMs(5000)));
  return open();
}

async function untilLogged(msg: string): Promise<void> {
  while (!lines.some((line) => line["msg"] === msg)) await delay(5);
}

/** What a queue was told, and a way to wait for it. */
class Told implements QueueEvents {
  readonly said: string[] = [];
  #wake: () => void = () => undefined;

  onCommitted = (sequence: number) => {
    this.#say(`committed ${sequence}`);
  };
  onRows: QueueEvents["onRows"] = (rows) => {
    this.#say(`rows ${rows.map(({ packet }) => Buffer.from(packet).toString()).join(" ")}`);
  };
  onWorks = () => {
    this.#say("works");
  };
  onLoss: QueueEvents["onLoss"] = ({ messages, reason }) => {
    this.#say(`lost ${messages}: ${reason}`);
  };
  onBroken = (reason: string) => {
    this.#say(`broken ${reason}`);
  };

  #say(what: string): void {
    this.said.push(what);
    this.#wake();
  }

  async until(isSaid: (what: string) => boolean): Promise<void> {
    while (!this.said.some(isSaid)) await new Promise<void>((resolve) => (this.#wake = resolve));
  }
}

function append(queue: SpoolQueue, text: string): number {
  return queue.append(Buffer.from(text), performance.now(), undefined);
}

describe("Spool", () => {
  test("tells a queue of its own commits, in their order, and of no other's", async () => {
    const spool = await open();
    const [one, two] = [new Told(), new Told()];
    const [first, second] = [spool.queue("one", one), spool.queue("two", two)];

    append(first, "a");
    append(second, "x");
    await two.until((what) => what === "committed 1");
    append(first, "b");
    await one.until((what) => what === "committed 2");

    expect(one.said).toEqual(["committed 1", "committed 2"]);
    expect(two.said).toEqual(["committed 1"]);
  });

  test("gathers what comes in one turn into one commit", async () => {
    const spool = await open();
    const told = new Told();
    const queue = spool.queue("flow", told);

    for (const text of ["a", "b", "c"]) append(queue, text);
    await told.until((what) => what === "committed 3");

    expect(told.said).toEqual(["committed 3"]);
  });

  test("reads back what was appended before, though it is not committed yet", async () => {
    const spool = await open();
    const told = new Told();
    const queue = spool.queue("flow", told);

    for (const text of ["a", "b", "c"]) append(queue, text);
    queue.read(1, 10, 1000);
    await told.until((what) => what.startsWith("rows"));

    expect(told.said).toEqual(["committed 3", "rows b c"]);
  });

  test("does not read a message whose removal is on its way", async () => {
    const client = new Client(await open());
    client.append(3);
    await client.untilCommitted(3);

    client.queue.remove(2, 100);

    expect((await client.read()).map(({ sequence }) => sequence)).toEqual([1, 3]);
  });

  test("gives a queue what it held when it was closed, and goes on with its numbers and its clock", async () => {
    const spool = await open();
    const told = new Told();
    const queue = spool.queue("flow", told);
    append(queue, "first");
    const second = append(queue, "second");
    queue.rememberFilters(["a/#"], () => undefined);
    queue.addDeadLetter(
      {
        time: "",
        reason: "r",
        topic: "t",
        destinationTopic: "",
        properties: "{}",
        payload: Uint8Array.from([4, 4, 4, 4]),
      },
      () => undefined,
    );
    queue.remove(second, "second".length);
    const { clockMs } = spool;

    const again = await reopen(spool); // closing commits what was given
    const same = again.queue("flow", new Told());

    expect(same).toMatchObject({ lastSequence: 2, messages: 1, bytes: 5, filters: ["a/#"] });
    expect(append(same, "third")).toBe(3);
    expect(again.clockMs).toBeGreaterThanOrEqual(clockMs);
    expect(again.states["flow"]).toMatchObject({ messages: 1, oldestMs: expect.closeTo(clockMs, -3) });
  });

  test("counts what is on its way to the disk as on it: bounds hold at once", async () => {
    const queue = (await open()).queue("flow", new Told());

    append(queue, "12345");
    append(queue, "678");
    queue.remove(1, 5);

    expect([queue.messages, queue.bytes]).toEqual([1, 3]);
  });

  test("tells of a commit that only removes: there is room then that was not there before", async () => {
    const told = new Told();
    const queue = (await open()).queue("one", told);
    const text = "x".repeat(3000);
    for (let count = 0; count < 10; count++) append(queue, text);
    await told.until((what) => what === "committed 10");
    const fullBytes = queue.takenBytes;

    for (let sequence = 1; sequence <= 10; sequence++) queue.remove(sequence, text.length);
    expect(queue.takenBytes).toBe(fullBytes);
    await told.until((what) => what === "committed 0");

    expect(queue.takenBytes).toBeLessThan(fullBytes / 2);
  });

  test("calls back for a dead letter and for filters once they are committed, not before", async () => {
    const queue = (await open()).queue("flow", new Told());
    let called = 0;
    const deadLetter = {
      time: "",
      reason: "",
      topic: "",
      destinationTopic: "",
      properties: "{}",
      payload: Buffer.alloc(0),
    };

    const committed = Promise.all([
      new Promise<void>((resolve) => {
        queue.addDeadLetter(deadLetter, () => {
          called++;
          resolve();
        });
      }),
      new Promise<void>((resolve) => {
        queue.rememberFilters(["b"], () => {
          called++;
          resolve();
        });
      }),
    ]);
    queue.flush();
    expect(called).toBe(0);
    await committed;

    expect(called).toBe(2);
  });

  test("keeps a file that is no database under another name, says so, and goes on in a new one", async () => {
    const file = path.join(folder, spoolFile);
    const text = "no database, and longer than the header of one would be".repeat(20);
    writeFileSync(file, text);

    const spool = await open();

    const line = lines.find(({ msg }) => msg === "spool goes on in new files, with the messages that could be read");
    expect(line).toMatchObject({ level: "error", reason: "file is not a database" });
    expect(readFileSync(String(line?.["aside"]), "utf8")).toBe(text);
    await untilTrue("the count of what is kept", () => spool.filesAside === 1);
    expect(append(spool.queue("flow", new Told()), "first")).toBe(1);
  });

  test("says so where it is of a newer version, and does not try again", async () => {
    const spool = await open();
    opened.splice(opened.indexOf(spool), 1);
    await spool.close(AbortSignal.timeout(5000));
    const database = new DatabaseSync(path.join(folder, spoolFile));
    database.exec("PRAGMA user_version = 99");
    database.close();

    await expect(open()).rejects.toThrow(/can't be used \(it is of version 99, and this relay reads version/);
  });

  test("waits while another relay has it open, says so, and is open once that one has ended", async () => {
    const first = await open();
    const second = open();
    await untilLogged("spool can't be opened, will retry; nothing is acknowledged");
    expect(opened.at(-1)).toMatchObject({
      isOpening: true,
      trouble: "another process has the spool open (database is locked)",
    });

    opened.splice(opened.indexOf(first), 1);
    await first.close(AbortSignal.timeout(5000));

    expect((await second).trouble).toBeUndefined();
    expect(lines.at(-1)).toMatchObject({ level: "info", msg: "spool is open" });
  });

  test.each<[string, () => () => void, RegExp]>([
    [
      "the volume is not there yet: a file stands in its place",
      () => {
        folder = path.join(folder, "volume", "spool");
        const volume = path.dirname(folder);
        writeFileSync(volume, "");
        return () => {
          rmSync(volume);
        };
      },
      /ENOTDIR|EEXIST/,
    ],
    [
      "the database can't be opened: a folder stands in its place",
      () => {
        const place = path.join(folder, spoolFile);
        mkdirSync(place, { recursive: true });
        return () => {
          rmSync(place, { recursive: true });
        };
      },
      /unable to open database file/,
    ],
  ])("is opened as soon as it can be, where %s", async (_case, hinder, reason) => {
    const clear = hinder();
    const opening = open();
    await untilLogged("spool can't be opened, will retry; nothing is acknowledged");
    expect(opened.at(-1)?.trouble).toMatch(reason);

    clear();

    const queue = (await opening).queue("flow", new Told());
    expect(append(queue, "first")).toBe(1);
  });

  test("does not keep itself out after an attempt that failed when it had the folder's lock", async () => {
    await (await open()).close(AbortSignal.timeout(5000));
    opened.length = 0;
    const database = new DatabaseSync(path.join(folder, spoolFile));
    database.exec("ALTER TABLE queue RENAME TO elsewhere");
    const opening = open();
    await untilLogged("spool can't be opened, will retry; nothing is acknowledged");

    database.exec("ALTER TABLE elsewhere RENAME TO queue");
    database.close();

    expect((await opening).trouble).toBeUndefined();
  });

  test("gives up at the deadline when it is closed", async () => {
    const spool = await open();

    await expect(spool.close(AbortSignal.abort())).resolves.toBe(true);
    opened.length = 0;
  });
});

describe("hasSpool", () => {
  test("is true of a folder with a spool in it, and of no other", async () => {
    expect([hasSpool(folder), hasSpool(path.join(folder, "nowhere"))]).toEqual([false, false]);

    await open();

    expect(hasSpool(folder)).toBe(true);
  });
});
