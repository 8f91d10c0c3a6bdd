import { execFileSync } from "node:child_process";
import { mkdirSync, truncateSync, writeFileSync } from "node:fs";
import path from "node:path";

import { readBoundedFile, readStartSync } from "../../runtime/bounded-file.ts";
import { createTemporaryFolder, removeTemporaryFolders } from "../support/temporary-folder.ts";

afterAll(removeTemporaryFolders);

const bound = { bytes: 20_000, reason: "all that fits" };

function fileOf(content: string): string {
  const file = path.join(createTemporaryFolder("bounded"), "file");
  writeFileSync(file, content);
  return file;
}

/** A file of many gigabytes that takes no room. */
function sparseFile(): string {
  const file = fileOf("");
  truncateSync(file, 2 ** 40);
  return file;
}

function namedPipe(): string {
  const file = path.join(createTemporaryFolder("bounded"), "pipe");
  execFileSync("mkfifo", [file]);
  return file;
}

function folder(): string {
  const file = path.join(createTemporaryFolder("bounded"), "folder");
  mkdirSync(file);
  return file;
}

test.each([0, 1, 16_384, 16_385, 20_000])("reads a file of %i bytes whole, up to the bound", async (bytes) => {
  expect(String(await readBoundedFile(fileOf("x".repeat(bytes)), bound))).toBe("x".repeat(bytes));
});

test.each<[string, () => string, string]>([
  ["has one byte too many", () => fileOf("x".repeat(20_001)), "has 20001 bytes, more than 20000 bytes, which is"],
  ["has a terabyte", sparseFile, "has 1099511627776 bytes, more than 20000 bytes, which is all that fits"],
  ["is a folder", folder, "is a folder, and no file"],
  ["is a named pipe that nobody writes to", namedPipe, "is a named pipe, and no file"],
  ["is a device without an end", () => "/dev/zero", "/dev/zero: is a device, and no file"],
])("refuses what %s at once, by its path", async (_case, create, problem) => {
  const file = create();

  const reading = readBoundedFile(file, bound);

  await expect(reading).rejects.toThrow(`${file}: ${problem.replace(`${file}: `, "")}`);
});

test("reads no further than the bound where the file does not say its size", async () => {
  // The kernel makes this file as it is read; its size is 0.
  const reading = readBoundedFile("/proc/self/maps", { bytes: 100, reason: "all that fits" });

  await expect(reading).rejects.toThrow("/proc/self/maps: has more than 100 bytes, which is all that fits");
});

test("many named pipes hold up no other file", async () => {
  const pipes = Array.from({ length: 16 }, () => readBoundedFile(namedPipe(), bound).catch(() => undefined));

  const text = await readBoundedFile(fileOf("x"), bound);

  expect(String(text)).toBe("x");
  await Promise.all(pipes);
});

test("reads the start of anything, since a document may come by a pipe", () => {
  expect(String(readStartSync(fileOf("abcdef"), 3))).toBe("abc");
  expect(readStartSync("/dev/zero", 3)).toEqual(Buffer.alloc(3));
});
