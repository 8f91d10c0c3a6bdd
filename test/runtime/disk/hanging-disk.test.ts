import { createLog } from "../../../runtime/report/log.ts";
import { Spool } from "../../../runtime/disk/spool.ts";
import { HangingDisk } from "../../support/hanging-disk.ts";
import { patientMs, Stopwatch, untilTrue } from "../../support/patience.ts";
import { createTemporaryFolder, removeTemporaryFolders } from "../../support/temporary-folder.ts";
import { Client } from "./spool-bench.ts";

/* The spool whose thread waits in the kernel, for a disk that does not answer. */

const silentMs = 2000;
const lines: Record<string, unknown>[] = [];
let disk: HangingDisk;
let spool: Spool;

beforeEach(async () => {
  const folder = createTemporaryFolder("hanging");
  disk = new HangingDisk(folder);
  lines.length = 0;
  const log = createLog("info", { write: (line) => lines.push(JSON.parse(line) as Record<string, unknown>) });
  spool = new Spool(folder, log, silentMs);
  await spool.open(["flow"]);
});

afterEach(async () => {
  disk.release();
  await spool.close(AbortSignal.timeout(patientMs(5000)));
  removeTemporaryFolders();
});

test("is trouble that says for how long the disk has not answered, told once, and over when it answers", async () => {
  const client = new Client(spool);
  client.append(3);
  await client.untilCommitted(3);

  disk.hang();
  await untilTrue("trouble", () => spool.trouble?.startsWith("the disk has not answered for ") === true);
  client.append(2);
  expect(client.timesWorking).toBe(0);
  disk.release();
  await untilTrue("the end of the trouble", () => spool.trouble === undefined);
  await client.untilCommitted(5);

  expect(client.timesWorking).toBeGreaterThan(0);
  expect(
    lines.filter(({ msg }) => msg === "spool's disk does not answer; nothing is acknowledged for it"),
  ).toHaveLength(1);
  expect(lines).toContainEqual(expect.objectContaining({ msg: "spool's disk answers again" }));
  expect(await client.readSequences()).toEqual([1, 2, 3, 4, 5]);
});

test("does not hold up the end, which names the dataflows whose changes are not confirmed", async () => {
  const [client, other] = [new Client(spool), new Client(spool, "other")];
  client.append(3);
  other.append(1);
  await client.untilCommitted(3);
  await other.untilCommitted(1);
  disk.hang();
  await untilTrue("trouble", () => spool.trouble !== undefined);
  client.append(2);
  client.queue.remove(1, 100);
  const watch = new Stopwatch();

  const hasEnded = await spool.close(AbortSignal.timeout(patientMs(5000)));

  expect(hasEnded).toBe(false);
  expect(watch.elapsedMs).toBeLessThan(2000);
  const unconfirmed = lines.filter(({ msg }) => msg === "not confirmed on the disk");
  expect(unconfirmed).toMatchObject([{ dataflow: "flow", messages: 2, removed: 1 }]);
  disk.release(); // so that the thread of this test ends
});
