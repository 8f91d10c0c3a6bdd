import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import path from "node:path";

import { digestFleet } from "../../../cli/fleet/digest.ts";
import { FleetBusyError, readRecord, startRecord } from "../../../cli/fleet/record.ts";
import type { Fleet } from "../../../cli/fleet/sites.ts";
import { createTemporaryFolder, removeTemporaryFolders } from "../../support/temporary-folder.ts";

afterAll(removeTemporaryFolders);

function createFleet(): Fleet {
  const folder = createTemporaryFolder("record");
  writeFileSync(path.join(folder, "fleet.yaml"), "version: 1\n");
  const programFolder = path.join(folder, "site");
  mkdirSync(path.join(programFolder, "node_modules"), { recursive: true });
  writeFileSync(path.join(programFolder, "index.ts"), "export {};\n");
  return { file: path.join(folder, "fleet.yaml"), folder, programFolder, rings: [], otherStacks: [] };
}

const lockOf = ({ folder }: Fleet) => path.join(folder, ".mqtt-dataflow/fleet.yaml-up.lock");

test("keeps each step in a file, which a run that resumes goes on from", () => {
  const fleet = createFleet();
  const first = startRecord(fleet, ["oslo", "bergen"], "digest", undefined);
  first.mark("oslo", "running");
  first.mark("oslo", "done");
  first.mark("bergen", "running");

  // As after a kill: nobody has closed it, and what it wrote is there.
  const left = readRecord(fleet);
  first.close();
  const second = startRecord(fleet, ["oslo", "bergen", "bodo"], "digest", left);

  expect(left?.sites["bergen"]?.state).toBe("running");
  expect([...second.doneBefore]).toEqual(["oslo"]);
  expect(Object.values(readRecord(fleet)?.sites ?? {}).map(({ state }) => state)).toEqual([
    "done",
    "waiting",
    "waiting",
  ]);
  second.close();
  expect(readdirSync(path.dirname(lockOf(fleet)))).toEqual(["fleet.yaml-up.json"]);
});

test("a run of some sites keeps what is recorded of the others", () => {
  const fleet = createFleet();
  const first = startRecord(fleet, ["oslo", "bergen"], "digest", undefined);
  first.mark("bergen", "done");
  first.close();

  startRecord(fleet, ["oslo"], "digest", readRecord(fleet)).close();

  expect(readRecord(fleet)?.sites["bergen"]?.state).toBe("done");
});

test("refuses a second run while the first one's process lives, and names it", () => {
  const fleet = createFleet();
  const running = startRecord(fleet, ["oslo"], "digest", undefined);

  expect(() => startRecord(fleet, ["oslo"], "digest", undefined)).toThrow(FleetBusyError);
  expect(() => startRecord(fleet, ["oslo"], "digest", undefined)).toThrow(`process ${process.pid} on ${hostname()}`);
  running.close();
  startRecord(fleet, ["oslo"], "digest", undefined).close();
  expect(existsSync(lockOf(fleet))).toBe(false);
});

test.each([
  ["of a process that is gone", `999999999 ${hostname()}`, true],
  ["of another machine", "1 elsewhere", false],
  ["that nobody can read", "", false],
])("a lock %s is taken over: %#", (_, holder, isTaken) => {
  const fleet = createFleet();
  mkdirSync(path.dirname(lockOf(fleet)));
  writeFileSync(lockOf(fleet), holder);
  const start = () => startRecord(fleet, ["oslo"], "digest", undefined);

  if (isTaken) start().close();
  else expect(start).toThrow(FleetBusyError);
});

test.each([
  "",
  "{",
  '{"version":2}',
  '{"version":1,"startedAt":"","digest":"","sites":{"oslo":{"state":"fine","at":""}}}',
])("a record that is none counts as none: %s", (text) => {
  const fleet = createFleet();
  startRecord(fleet, ["oslo"], "digest", undefined).close();
  writeFileSync(path.join(fleet.folder, ".mqtt-dataflow/fleet.yaml-up.json"), text);

  expect(readRecord(fleet)).toBeUndefined();
});

test("the digest follows the sites and the program, and not installed packages, records or manifests", () => {
  const fleet = createFleet();
  const before = digestFleet(fleet);
  const write = (file: string, text: string) => {
    mkdirSync(path.dirname(path.join(fleet.folder, file)), { recursive: true });
    writeFileSync(path.join(fleet.folder, file), text);
    return digestFleet(fleet);
  };

  expect(write("site/node_modules/a/index.js", "1")).toBe(before);
  expect(write("site/.cache/x", "1")).toBe(before);
  expect(write(".mqtt-dataflow/x.json", "1")).toBe(before);
  const edited = write("site/index.ts", "export const a = 1;\n");
  expect(edited).not.toBe(before);
  expect(write("site/lib/a.ts", "export {};\n")).not.toBe(edited);
  expect(write("fleet.yaml", "version: 1 \n")).not.toBe(before);
  expect(readFileSync(fleet.file, "utf8")).toBe("version: 1 \n");
});
