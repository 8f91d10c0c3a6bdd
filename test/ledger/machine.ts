import { execFileSync } from "node:child_process";
import { closeSync, existsSync, openSync, readFileSync, rmSync, truncateSync, writeSync } from "node:fs";
import path from "node:path";

import { createTemporaryFolder } from "../support/temporary-folder.ts";
import { workshopFile } from "./workshop.ts";

const source = path.join(import.meta.dirname, "machine.c");
const files = ["spool.sqlite", "spool.sqlite-wal"];
const controlBytes = 16;
/** Offset, size before and length of one record of an undo file, 8 bytes each. */
const recordBytes = 24;

/** The machine that a relay runs on, as far as a test can break it: its disk and its wall clock. */
export interface Machine {
  /** For the relay's environment. */
  readonly env: Readonly<Record<string, string>>;
  /** Moves the wall clock, which may go back; 0 is the real time. */
  setClock(offsetMs: number): void;
  /** Whether the disk takes no byte more (ENOSPC). */
  setFull(isFull: boolean): void;
  /** Whether fsync fails (EIO). */
  setFsyncFailing(isFailing: boolean): void;
  /** Takes from the spool what was written and not fsynced, as a power cut does. Nobody may have its files open. */
  cutPower(spoolFolder: string): void;
}

/** Compiles what is preloaded into the relay. @throws when the compiler fails */
export function compileMachine(compiler: string): string {
  const library = workshopFile("machine.so");
  execFileSync(compiler, ["-shared", "-fPIC", "-O2", "-o", library, source, "-ldl"]);
  return library;
}

/**
 * Makes a machine whose disk and clock are in order.
 *
 * @param socketBufferBytes what it takes of a stream before it says that it is full; omitted: as much as the system likes
 */
export function createMachine(library: string, socketBufferBytes?: number): Machine {
  const folder = createTemporaryFolder("machine");
  const control = openSync(path.join(folder, "control"), "w+");
  const state = Buffer.alloc(controlBytes);
  const apply = () => {
    writeSync(control, state, 0, controlBytes, 0);
  };
  apply();
  return {
    env: {
      LD_PRELOAD: library,
      LEDGER_MACHINE: folder,
      ...(socketBufferBytes === undefined ? {} : { LEDGER_SOCKET_BUFFER: String(socketBufferBytes) }),
    },
    setClock: (offsetMs) => {
      state.writeBigInt64LE(BigInt(offsetMs) * 1000n, 0);
      apply();
    },
    setFull: (isFull) => {
      state.writeInt32LE(Number(isFull), 8);
      apply();
    },
    setFsyncFailing: (isFailing) => {
      state.writeInt32LE(Number(isFailing), 12);
      apply();
    },
    cutPower: (spoolFolder) => {
      for (const file of files) undo(path.join(folder, `undo-${file}`), path.join(spoolFolder, file));
      rmSync(path.join(spoolFolder, "spool.sqlite-shm"), { force: true });
    },
  };
}

/** Puts back what each write replaced, the last one first. */
function undo(undoFile: string, file: string): void {
  if (!existsSync(undoFile) || !existsSync(file)) return;
  const bytes = readFileSync(undoFile);
  const starts: number[] = [];
  for (let start = 0; start + recordBytes <= bytes.length;) {
    const end = start + recordBytes + Number(bytes.readBigInt64LE(start + 16));
    // A record that was cut short belongs to a write that was never made.
    if (end <= bytes.length) starts.push(start);
    start = end;
  }
  const target = openSync(file, "r+");
  for (const start of starts.reverse()) {
    const [offset, sizeBefore, length] = [0, 8, 16].map((at) => Number(bytes.readBigInt64LE(start + at)));
    writeSync(target, bytes, start + recordBytes, length, offset);
    truncateSync(file, sizeBefore);
  }
  closeSync(target);
  truncateSync(undoFile, 0);
}
