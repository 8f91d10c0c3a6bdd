import { mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";

import { watchFolder } from "../../../runtime/identity/watch-folder.ts";
import { createTemporaryFolder, removeTemporaryFolders } from "../../support/temporary-folder.ts";

afterAll(removeTemporaryFolders);

const never = 1_000_000_000;
const ends: (() => void)[] = [];

afterEach(() => {
  for (const end of ends.splice(0)) end();
});

function watching(folder: string, pollMs: number) {
  let count = 0;
  let wake: () => void = () => undefined;
  ends.push(
    watchFolder(
      folder,
      () => {
        count++;
        wake();
      },
      pollMs,
    ),
  );
  return {
    count: () => count,
    next: async () => new Promise<void>((resolve) => (wake = resolve)),
  };
}

test("sees that Kubernetes swaps the link to the files", async () => {
  const folder = createTemporaryFolder("watch");
  mkdirSync(path.join(folder, "..1"));
  symlinkSync("..1", path.join(folder, "..data"));
  const watched = watching(folder, never);

  const change = watched.next();
  mkdirSync(path.join(folder, "..2"));
  symlinkSync("..2", path.join(folder, "..data_tmp"));
  renameSync(path.join(folder, "..data_tmp"), path.join(folder, "..data"));
  await change;

  await delay(300);
  expect(watched.count()).toBe(1); // the pieces of one change are one
});

test("looks by itself where the system tells nothing: a folder that is not there yet", async () => {
  const folder = path.join(createTemporaryFolder("watch"), "later");
  const watched = watching(folder, 20);
  await watched.next();

  mkdirSync(folder);
  writeFileSync(path.join(folder, "token"), "x");
  await watched.next();
});

test("goes on with a folder that took the place of the watched one", async () => {
  const folder = path.join(createTemporaryFolder("watch"), "volume");
  mkdirSync(folder);
  const watched = watching(folder, 50);

  rmSync(folder, { recursive: true });
  mkdirSync(folder);
  await watched.next();
  await watched.next();
  const before = watched.count();
  await watched.next();

  expect(watched.count()).toBeGreaterThan(before);
});

test("calls back no more once it has ended", async () => {
  const folder = createTemporaryFolder("watch");
  const watched = watching(folder, 20);
  ends.pop()?.();

  writeFileSync(path.join(folder, "token"), "x");
  await delay(200);

  expect(watched.count()).toBe(0);
});
