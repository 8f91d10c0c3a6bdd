import { mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import path from "node:path";

import { publicKeys, registerSecret } from "./secrets/run-record.ts";

/** Swaps the files of a volume as the kubelet does: a new folder, then the link `..data`. */
export function swapFiles(folder: string, files: Readonly<Record<string, string>>): void {
  mkdirSync(folder, { recursive: true });
  const version = `..${process.hrtime.bigint()}`;
  mkdirSync(path.join(folder, version));
  for (const [name, text] of Object.entries(files)) {
    if (path.dirname(folder).endsWith("secrets") && !publicKeys.has(name))
      registerSecret(`"${name}" of a Secret`, text);
    writeFileSync(path.join(folder, version, name), text);
    rmSync(path.join(folder, name), { force: true });
    symlinkSync(path.join("..data", name), path.join(folder, name));
  }
  symlinkSync(version, path.join(folder, "..data_tmp"));
  renameSync(path.join(folder, "..data_tmp"), path.join(folder, "..data"));
}
