import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

import { findExecutable } from "./real-parts.ts";

describe("findExecutable", () => {
  const originalPath = process.env["PATH"];
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), "real-parts-"));
    process.env["PATH"] = `${folder}${path.delimiter}${originalPath ?? ""}`;
  });

  afterEach(() => {
    process.env["PATH"] = originalPath;
    rmSync(folder, { recursive: true });
  });

  test("finds a program on the PATH", () => {
    const program = path.join(folder, "some-broker");
    writeFileSync(program, "", { mode: 0o755 });

    expect(findExecutable("some-broker")).toBe(program);
  });

  test("passes over a file that cannot be run", () => {
    writeFileSync(path.join(folder, "some-broker"), "", { mode: 0o644 });

    expect(findExecutable("some-broker")).toBeUndefined();
  });

  test("passes over a folder of that name", () => {
    mkdirSync(path.join(folder, "some-broker"));

    expect(findExecutable("some-broker")).toBeUndefined();
  });
});
