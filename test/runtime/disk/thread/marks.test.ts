import { readFileSync, truncateSync, writeFileSync } from "node:fs";
import path from "node:path";

import { Marks } from "../../../../runtime/disk/thread/marks.ts";
import { createTemporaryFolder, removeTemporaryFolders } from "../../../support/temporary-folder.ts";

afterAll(removeTemporaryFolders);

const state = { lastSequence: 7, messages: 3 };

function folderWith(marks: string): { folder: string; file: string } {
  const folder = createTemporaryFolder("marks");
  const file = path.join(folder, "spool.sqlite-marks");
  writeFileSync(file, marks);
  return { folder, file };
}

test("knows after a restart what was written", () => {
  const { folder } = folderWith("");
  const before = new Marks(folder);
  before.write(5, { edge: state });
  before.close();

  const after = new Marks(folder);

  expect(after.commits).toBe(5);
  expect(after.queues.get("edge")).toEqual(state);
});

test.each([
  ["is garbage, longer than what is to be written", "x".repeat(1000)],
  ["was torn in the middle of what is longer", `{"commits":4,"queues":{"${"x".repeat(1000)}`],
])("takes up its work again where the file %s", (_case, garbage) => {
  const { folder } = folderWith(garbage);
  const before = new Marks(folder);
  expect(before.commits).toBe(0);

  before.write(5, { edge: state });
  before.close();

  expect(new Marks(folder).commits).toBe(5);
});

test("neither reads a file of any size whole nor writes as much at each commit", () => {
  const { folder, file } = folderWith("");
  truncateSync(file, 2 ** 40);

  const marks = new Marks(folder);
  marks.write(5, { edge: state });
  marks.close();

  expect(readFileSync(file).length).toBeLessThan(100);
  expect(new Marks(folder).commits).toBe(5);
});
