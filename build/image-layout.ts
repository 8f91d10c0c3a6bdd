import { execFileSync } from "node:child_process";
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

import { thirdPartyLicenses } from "./licenses.ts";
import { forUsers } from "./own-files.ts";

const root = path.join(import.meta.dirname, "..");

/** What esbuild says of the relay's bundles, as far as it is read here. */
interface Metafile {
  readonly outputs: { readonly [file: string]: { readonly inputs: { readonly [file: string]: unknown } } };
}

/** Where the base of `runtime/Dockerfile` has Node.js. */
const nodeOfBase = "/nodejs/bin/node";

/**
 * Lays out in a folder what the relay's image adds to its base: the bundles, their licences and the mount point of the
 * configuration. The Dockerfile only copies it, so an image for another architecture needs no emulator of its processor.
 * @param node path of Node.js in the base: the command's first line names it, since the base has no shell to look for it
 * @returns the files in the bundles, by path from the folder of the project
 * @throws when the bundle is no program for this Node.js
 */
export function layOutImage(folder: string, node: string = nodeOfBase): readonly string[] {
  const work = mkdtempSync(path.join(tmpdir(), "mqtt-dataflow-image-"));
  try {
    execFileSync(process.execPath, ["--no-warnings", path.join(root, "runtime/bundle.ts"), work], { cwd: root });
    const { outputs } = JSON.parse(readFileSync(path.join(work, "relay.meta.json"), "utf8")) as Metafile;
    const files = forUsers([...new Set(Object.values(outputs).flatMap(({ inputs }) => Object.keys(inputs)))].sort());
    rmSync(folder, { recursive: true, force: true });
    const app = path.join(folder, "app");
    for (const directory of [app, path.join(folder, "etc/mqtt-dataflow")]) mkdirSync(directory, { recursive: true });
    const bundles = Object.keys(outputs).flatMap((file) => (file.endsWith(".mjs") ? [path.basename(file)] : []));
    for (const bundle of bundles) {
      copyFileSync(path.join(work, bundle), path.join(app, bundle));
      execFileSync(process.execPath, ["--check", path.join(app, bundle)]);
    }
    copyFileSync(path.join(root, "LICENSE"), path.join(app, "LICENSE"));
    writeFileSync(path.join(app, "THIRD-PARTY-LICENSES.txt"), thirdPartyLicenses(files));
    allowReading(folder, ["app", "etc", "etc/mqtt-dataflow"], [...bundles, "LICENSE"]);
    writeCommand(folder, node);
    return files;
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** Whatever umask this process has: the relay runs as a user of its own, and reads only. */
function allowReading(folder: string, directories: readonly string[], files: readonly string[]): void {
  for (const directory of ["", ...directories]) chmodSync(path.join(folder, directory), 0o755);
  for (const file of [...files, "THIRD-PARTY-LICENSES.txt"]) chmodSync(path.join(folder, "app", file), 0o644);
}

/** `kubectl exec POD -- mqtt-dataflow status` */
function writeCommand(folder: string, node: string): void {
  const directories = ["usr", "usr/local", "usr/local/bin"].map((directory) => path.join(folder, directory));
  for (const directory of directories) {
    mkdirSync(directory, { recursive: true });
    chmodSync(directory, 0o755);
  }
  const command = path.join(folder, "usr/local/bin/mqtt-dataflow");
  writeFileSync(command, `#!${node}\nimport("/app/mqtt-dataflow.mjs");\n`);
  chmodSync(command, 0o755);
}

// NODE_OF_BASE: for a base that has Node.js elsewhere.
if (import.meta.main)
  layOutImage(path.resolve(process.argv[2] ?? path.join(root, "dist/image")), process.env["NODE_OF_BASE"]);
