import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
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

  test("finds what was built at the version that is wanted before anything on the PATH", () => {
    const originalCache = process.env["XDG_CACHE_HOME"];
    const file = path.join(import.meta.dirname, "../../.ci/real-parts.json");
    const { pulumi } = JSON.parse(readFileSync(file, "utf8")) as { readonly pulumi: string };
    const built = path.join(folder, "mqtt-dataflow/go", `pulumi-${pulumi}`);
    mkdirSync(path.dirname(built), { recursive: true });
    writeFileSync(built, "", { mode: 0o755 });
    writeFileSync(path.join(folder, "pulumi"), "", { mode: 0o755 });

    process.env["XDG_CACHE_HOME"] = folder;
    const found = findExecutable("pulumi");
    process.env["XDG_CACHE_HOME"] = path.join(folder, "empty");
    const foundWithoutCache = findExecutable("pulumi");
    if (originalCache === undefined) delete process.env["XDG_CACHE_HOME"];
    else process.env["XDG_CACHE_HOME"] = originalCache;

    expect(found).toBe(built);
    expect(foundWithoutCache).toBe(path.join(folder, "pulumi"));
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
