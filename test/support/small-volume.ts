import { spawnSync } from "node:child_process";
import { closeSync, mkdirSync, openSync, rmSync, writeSync } from "node:fs";
import path from "node:path";

import { createTemporaryFolder } from "./temporary-folder.ts";

/** A volume of its own, of a fixed size, in memory. */
export class SmallVolume {
  readonly folder: string;
  readonly #filler: string;

  private constructor(folder: string) {
    this.folder = folder;
    this.#filler = path.join(folder, "filler");
  }

  /** @throws when the machine does not let this user mount anything */
  static mount(bytes: number): SmallVolume {
    const folder = path.join(createTemporaryFolder("volume"), "volume");
    mkdirSync(folder);
    const problem = mount(["-t", "tmpfs", "-o", `size=${bytes}`, "tmpfs", folder]);
    if (problem !== undefined) throw new Error(problem);
    const volume = new SmallVolume(folder);
    mounted.add(volume);
    return volume;
  }

  /** Takes all the room that there is, or all but so many bytes. */
  fill(leftBytes = 0): void {
    const file = openSync(this.#filler, "a");
    try {
      for (let bytes = 1024 * 1024; bytes >= 512;) {
        try {
          writeSync(file, Buffer.alloc(bytes));
        } catch {
          bytes /= 2;
        }
      }
    } finally {
      closeSync(file);
    }
    if (leftBytes > 0) spawnSync("truncate", ["-s", `-${leftBytes}`, this.#filler]);
  }

  /** Gives the room back. */
  empty(): void {
    rmSync(this.#filler, { force: true });
  }

  setReadOnly(isReadOnly: boolean): void {
    const problem = mount(["-o", `remount,${isReadOnly ? "ro" : "rw"}`, this.folder]);
    if (problem !== undefined) throw new Error(problem);
  }

  unmount(): void {
    mounted.delete(this);
    spawnSync("umount", ["--lazy", this.folder]);
  }
}

const mounted = new Set<SmallVolume>();

/** For `afterEach`, before the temporary folders are removed. */
export function unmountVolumes(): void {
  for (const volume of mounted) volume.unmount();
}

function mount(args: readonly string[]): string | undefined {
  const { status, stderr, error } = spawnSync("mount", args, { encoding: "utf8" });
  return status === 0 ? undefined : (error?.message ?? stderr.trim());
}

/**
 * Declares tests that need a {@link SmallVolume}. Where nothing can be mounted they are skipped, and the reason is printed;
 * also with `CI` set: no installation gives a user that right.
 */
export function describeWithVolume(title: string, declare: () => void): void {
  try {
    SmallVolume.mount(64 * 1024).unmount();
  } catch (cause) {
    process.stderr.write(`skipped: ${title}: no volume can be mounted here, ${String(cause)}; run it as root\n`);
    describe.skip(title, declare);
    return;
  }
  describe(title, declare);
}
