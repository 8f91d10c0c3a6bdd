import { existsSync } from "node:fs";
import { readFile, rm, writeFile } from "node:fs/promises";
import path from "node:path";

import { installedWithRouteFile } from "./bundled-program.ts";
import { hashOfFiles, requireInstallation, requireProgram, runStep } from "./installation.ts";
import type { InstalledPeer } from "./peer.ts";

const sources = path.join(import.meta.dirname, "rust");
const files = ["Cargo.toml", "Cargo.lock", "src/lib.rs", "src/bin/limit.rs", "src/bin/rumqttc-bridge.rs"];
const remedy = "install Rust 1.85 or later";

/** A program of the Cargo project in this folder, built once for all that is in it. Its version is that of its compiler. */
export async function installRustProgram(
  name: string,
  cacheFolder: string,
  mayInstall: boolean,
): Promise<InstalledPeer> {
  const folder = path.join(cacheFolder, `rust-${await hashOfFiles(sources, files)}`);
  const program = path.join(folder, "bin", name);
  const versionFile = path.join(folder, "rustc-version");
  if (!existsSync(program)) {
    requireInstallation(mayInstall);
    await writeVersion(folder, versionFile);
    const target = path.join(folder, "target");
    const args = ["install", "--path", sources, "--locked", "--jobs", "1", "--root", folder];
    await runStep([requireProgram("cargo", remedy), ...args], folder, { CARGO_TARGET_DIR: target });
    await rm(target, { recursive: true });
  }
  return installedWithRouteFile(await readFile(versionFile, "utf8"), [program]);
}

async function writeVersion(folder: string, file: string): Promise<void> {
  const text = await runStep([requireProgram("rustc", remedy), "--version"], folder);
  await writeFile(file, `rustc ${/^rustc (\S+)/.exec(text)?.[1] ?? "of an unknown version"}`);
}

/** Version of a package that the project is built with. */
export async function rustPackageVersion(name: string): Promise<string> {
  const lock = await readFile(path.join(sources, "Cargo.lock"), "utf8");
  return new RegExp(`^name = "${name}"\nversion = "(.*)"$`, "m").exec(lock)?.[1] ?? "unknown";
}
