import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

let folder: string | undefined;

/** A folder for what all schedules of a run use; removed when the process ends. */
export function workshopFile(name: string): string {
  if (folder === undefined) {
    const made = mkdtempSync(path.join(tmpdir(), "mqtt-dataflow-workshop-"));
    folder = made;
    process.once("exit", () => {
      rmSync(made, { recursive: true, force: true });
    });
  }
  return path.join(folder, name);
}
