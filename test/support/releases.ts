import { mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";

import { projectManifest } from "../../build/manifest.ts";

const folder = path.join(import.meta.dirname, "../releases");

/**
 * Whether the tests of upgrades leave what this version writes in `test/releases/<version>`, for those of later versions, before they
 * test it: `npm run release:record`.
 */
export const isRecording = process.env["RECORD_RELEASE"] === "1";

/** What one release wrote, as it is kept in `test/releases/<version>`. */
export class RecordedRelease {
  readonly version: string;
  readonly folder: string;

  constructor(version: string) {
    this.version = version;
    this.folder = path.join(folder, version);
  }

  /** Reads a file; one whose name ends with `.gz` is unpacked. */
  read(file: string): Buffer {
    const content = readFileSync(path.join(this.folder, file));
    return file.endsWith(".gz") ? gunzipSync(content) : content;
  }

  readJson(file: string): unknown {
    return JSON.parse(this.read(file).toString());
  }

  /** Writes a file; one whose name ends with `.gz` is packed. */
  write(file: string, content: string | Uint8Array): void {
    const target = path.join(this.folder, file);
    mkdirSync(path.dirname(target), { recursive: true });
    writeFileSync(target, file.endsWith(".gz") ? gzipSync(content, { level: 9 }) : content);
  }

  writeJson(file: string, value: unknown): void {
    this.write(file, `${JSON.stringify(value, undefined, 2)}\n`);
  }
}

/** Where this version is recorded. */
export const thisRelease = new RecordedRelease(projectManifest().version);

/** Every release that was recorded; while this version is being recorded, it alone. */
export function recordedReleases(): RecordedRelease[] {
  if (isRecording) return [thisRelease];
  const versions = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  return versions.map(({ name }) => new RecordedRelease(name)).sort((a, b) => (a.version < b.version ? -1 : 1));
}
