import { spawnSync } from "node:child_process";
import { closeSync, constants, openSync, renameSync, rmSync } from "node:fs";
import path from "node:path";

import { spoolFile } from "../../runtime/disk/protocol.ts";

/**
 * Lets the thread of a spool hang in the kernel, as it does at a volume over a network whose server is away: a file that it
 * reads when it goes on in new files becomes a pipe that nobody writes to, and the database gets another name.
 */
export class HangingDisk {
  readonly #folder: string;
  #isHanging = false;

  constructor(folder: string) {
    this.#folder = folder;
  }

  get #pipe(): string {
    return path.join(this.#folder, `${spoolFile}-marks`);
  }

  /** The thread hangs at its next look, within a second or two. */
  hang(): void {
    rmSync(this.#pipe, { force: true });
    const { status, stderr } = spawnSync("mkfifo", [this.#pipe], { encoding: "utf8" });
    if (status !== 0) throw new Error(`mkfifo: ${stderr}`);
    this.#isHanging = true;
    const file = path.join(this.#folder, spoolFile);
    for (const companion of ["", "-wal", "-shm"]) renameSync(file + companion, `${file}${companion}.moved`);
  }

  /** It gets its answer, and goes on. */
  release(): void {
    if (!this.#isHanging) return;
    this.#isHanging = false;
    // Opening it for writing wakes the reader, who finds it empty once it is closed.
    const pipe = openSync(this.#pipe, constants.O_RDWR | constants.O_NONBLOCK);
    rmSync(this.#pipe);
    closeSync(pipe);
  }
}
