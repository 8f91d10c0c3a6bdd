import { execFileSync } from "node:child_process";
import { openSync, readSync, writeFileSync, writeSync } from "node:fs";
import path from "node:path";

import { startProcess, type Within } from "../support/started-process.ts";

const source = path.join(import.meta.dirname, "link.c");

/** What a link is like; what is left out stays as it was. All is in order when the link starts. */
export interface LinkState {
  /** One way. */
  readonly delayMs?: number;
  /** Packets lost each way, of 1000. */
  readonly lossPerMille?: number;
  /** From the site to the cloud; 0: no limit. */
  readonly upBytesPerSecond?: number;
  /** From the cloud to the site; 0: no limit. */
  readonly downBytesPerSecond?: number;
  /** Bytes that wait for a slow link, each way; what is over it is dropped. At the start 32768. */
  readonly queueBytes?: number;
  /** Whether nothing passes, without a word to either side. */
  readonly isSilent?: boolean;
}

/** A link between the network namespace of this process, the site, and one of its own, the cloud. */
export interface Link {
  /** File of the cloud's network namespace. */
  readonly namespace: string;
  /** Starts a program in the cloud. */
  readonly within: Within;
  set(state: LinkState): void;
  /** Nothing passes any more from or to this address of the cloud. */
  silence(address: string): void;
  /** Drops what belongs to the TCP connections that are there now, as a NAT does that has forgotten them. */
  forgetConnections(): void;
  /** Bytes that have come out in the cloud, headers included. */
  readonly bytesUp: number;
}

/** Offsets in `struct control` of link.c. */
const offsets = {
  delayMs: 0,
  lossPerMille: 4,
  upBytesPerSecond: 8,
  downBytesPerSecond: 12,
  queueBytes: 16,
  isSilent: 20,
  silentAddress: 24,
  forgotten: 28,
  passedUp: 32,
} as const;
const controlBytes = 48;
const usualQueueBytes = 32_768;

/** Compiles the program that is the link. @throws when the compiler fails */
export function compileLink(compiler: string, folder: string): string {
  const program = path.join(folder, "link");
  execFileSync(compiler, ["-O2", "-Wall", "-o", program, source]);
  return program;
}

/** Starts a link; its devices, called `link` on both sides, have no addresses yet. */
export async function startLink(program: string, folder: string): Promise<Link> {
  const controlFile = path.join(folder, "control");
  const cloudFile = path.join(folder, "cloud");
  writeFileSync(controlFile, Buffer.alloc(controlBytes));
  writeFileSync(cloudFile, "");
  const control = openSync(controlFile, "r+");
  const write = (name: keyof typeof offsets, value: number) => {
    const bytes = Buffer.alloc(4);
    bytes.writeInt32LE(value | 0);
    writeSync(control, bytes, 0, bytes.length, offsets[name]);
  };
  write("queueBytes", usualQueueBytes);
  const started = startProcess(program, [controlFile, cloudFile]);
  await started.untilLine((line) => line === "running");
  let forgotten = 0;
  return {
    namespace: cloudFile,
    within: (command, args) => ["nsenter", [`--net=${cloudFile}`, command, ...args]],
    set: (state) => {
      for (const [name, value] of Object.entries(state)) write(name as keyof LinkState, Number(value));
    },
    silence: (address) => {
      write("silentAddress", Buffer.from(address.split(".").map(Number)).readInt32LE());
    },
    forgetConnections: () => {
      write("forgotten", ++forgotten);
    },
    get bytesUp() {
      const bytes = Buffer.alloc(8);
      readSync(control, bytes, 0, bytes.length, offsets.passedUp);
      return Number(bytes.readBigInt64LE());
    },
  };
}
