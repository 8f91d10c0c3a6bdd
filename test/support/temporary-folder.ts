import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

const created: string[] = [];

/** Creates an empty folder; {@link removeTemporaryFolders} removes it with all that is in it. */
export function createTemporaryFolder(purpose: string): string {
  const folder = mkdtempSync(path.join(tmpdir(), `mqtt-dataflow-${purpose}-`));
  created.push(folder);
  return folder;
}

/** For `afterAll`, once nothing writes into the folders any more. */
export function removeTemporaryFolders(): void {
  for (const folder of created.splice(0)) rmSync(folder, { recursive: true, force: true });
}
