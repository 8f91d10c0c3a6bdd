import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdir, readFile } from "node:fs/promises";
import { homedir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";

import { findExecutable } from "../../test/support/real-parts.ts";

const run = promisify(execFile);
const maxOutputBytes = 64 * 1024 * 1024;
const shownLength = 300;
const hashLength = 12;

/** Where peers are installed, once for all clones of this project: the user's cache folder. */
export function defaultCacheFolder(): string {
  const { XDG_CACHE_HOME: cache } = process.env;
  const base = cache === undefined || cache === "" ? path.join(homedir(), ".cache") : cache;
  return path.join(base, "mqtt-dataflow", "bench");
}

/**
 * Finds a program.
 * @throws {Error} when it is nowhere
 */
export function requireProgram(name: string, remedy: string): string {
  const found = findExecutable(name);
  if (found === undefined) throw new Error(`${name}: not found on the PATH; ${remedy}`);
  return found;
}

/**
 * Passes when something may be installed.
 * @throws {Error} when it may not
 */
export function requireInstallation(mayInstall: boolean): void {
  if (!mayInstall) throw new Error("it is not there; leave out --installed-only to install it");
}

/** A short name for the content of files, so that what is built of them is built again when one changes. */
export async function hashOfFiles(folder: string, files: readonly string[]): Promise<string> {
  const hash = createHash("sha256");
  for (const file of files) hash.update(`${file}\n`).update(await readFile(path.join(folder, file)));
  return hash.digest("hex").slice(0, hashLength);
}

/**
 * Runs a step of an installation at the lowest priority and returns what it printed.
 * @throws {Error} with the last line that the program wrote, when it fails
 */
export async function runStep(
  [command, ...args]: readonly [command: string, ...args: string[]],
  folder: string,
  env: Readonly<Record<string, string>> = {},
): Promise<string> {
  await mkdir(folder, { recursive: true });
  console.error(`  ${[path.basename(command), ...args].join(" ")}`);
  try {
    const { stdout, stderr } = await run("nice", ["-n", "19", command, ...args], {
      cwd: folder,
      env: { ...process.env, ...env },
      maxBuffer: maxOutputBytes,
    });
    return stdout.trim() === "" ? stderr.trim() : stdout.trim();
  } catch (cause) {
    const { stderr = "" } = cause as { stderr?: string };
    const lines = stderr.split("\n").filter((line) => line.trim() !== "");
    const reason = lines.find((line) => /^\s*error\b|forbidden|not found/i.test(line)) ?? lines.at(-1) ?? String(cause);
    throw new Error(`${path.basename(command)} ${args[0] ?? ""}: ${reason.trim().slice(0, shownLength)}`, { cause });
  }
}
