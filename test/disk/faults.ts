import {
  chmodSync,
  existsSync,
  openSync,
  closeSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeSync,
} from "node:fs";
import path from "node:path";
import { DatabaseSync } from "node:sqlite";

import { spoolFile } from "../../runtime/disk/protocol.ts";
import type { SmallVolume } from "../support/small-volume.ts";

/** What a fault is done to. */
export interface Site {
  readonly volume: SmallVolume;
  /** Folder of the spool, on the volume. */
  readonly folder: string;
  /** A number from 0, exclusive of 1. */
  readonly random: () => number;
}

/** Something that happens to a spool's files. */
export interface Fault {
  readonly name: string;
  /** Whether the relay runs while it happens; if not, it was killed before and starts after it. */
  readonly isRunning: boolean;
  /** Whether the relay is killed some seconds later and started again. */
  readonly isKilledAfter?: boolean;
  /** Whether files go, which the relay rescues into new ones: it is not killed before that. */
  readonly takesFiles?: boolean;
  /**
   * What may be missing of what was acknowledged: `nothing`; `counted`, which is as many messages as the relay says;
   * `exactly`, which is neither more nor less than it says.
   */
  readonly loses: "nothing" | "counted" | "exactly";
  readonly happen: (site: Site) => void;
  /** Ends it, once everything has arrived or after some seconds; omitted: nothing has to be ended. */
  readonly end?: (site: Site) => void;
  /** Whether everything has to arrive before it ends. */
  readonly arrivesBefore?: boolean;
}

const file = ({ folder }: Site, suffix = "") => path.join(folder, spoolFile + suffix);

function cut(target: string, random: () => number): void {
  if (existsSync(target)) truncateSync(target, Math.floor(statSync(target).size * random()));
}

/** Brings what is in the log into the database, so that damage to that has something to take. */
function takeLogOver(site: Site): void {
  const database = new DatabaseSync(file(site));
  database.exec("PRAGMA busy_timeout = 5000; PRAGMA wal_checkpoint(PASSIVE)");
  database.close();
}

function overwrite(site: Site): void {
  const { random } = site;
  if (random() < 0.7) takeLogOver(site);
  const log = file(site, "-wal");
  const target = random() < 0.3 && existsSync(log) ? log : file(site);
  const { size } = statSync(target);
  const descriptor = openSync(target, "r+");
  for (let count = 1 + Math.floor(random() * 20); count > 0; count--) {
    const length = 1 + Math.floor(random() * 200);
    const bytes = Buffer.from(Array.from({ length }, () => Math.floor(random() * 256)));
    const start = Math.floor(random() * Math.max(0, size - length));
    writeSync(descriptor, bytes, 0, length, start);
  }
  closeSync(descriptor);
}

function damageRows(site: Site): void {
  const database = new DatabaseSync(file(site));
  database.exec("PRAGMA busy_timeout = 5000; PRAGMA wal_autocheckpoint = 0");
  for (const queue of ["keep", "drop"]) {
    const rows = database.prepare(`SELECT sequence FROM "queue/${queue}"`).all();
    for (const { sequence } of rows) {
      if (site.random() > 0.05) continue;
      const change = site.random() < 0.5 ? "checksum = checksum + 1" : "packet = x'30ff'";
      database.exec(`UPDATE "queue/${queue}" SET ${change} WHERE sequence = ${Number(sequence)}`);
    }
  }
  database.close();
}

const fill: Pick<Fault, "happen" | "end" | "loses"> = {
  loses: "nothing",
  happen: ({ volume }) => {
    volume.fill();
  },
  end: ({ volume }) => {
    volume.empty();
  },
};

const forbid: Pick<Fault, "happen" | "end" | "loses"> = {
  loses: "nothing",
  happen: ({ folder }) => {
    chmodSync(folder, 0);
  },
  end: ({ folder }) => {
    chmodSync(folder, 0o700);
  },
};

export const faults: readonly Fault[] = [
  { name: "the volume is filled", isRunning: true, arrivesBefore: true, ...fill },
  {
    name: "the volume is filled, and the relay killed",
    isRunning: true,
    isKilledAfter: true,
    arrivesBefore: true,
    ...fill,
  },
  { name: "the volume is filled between two starts", isRunning: false, arrivesBefore: true, ...fill },
  { name: "permissions are removed", isRunning: true, ...forbid },
  { name: "permissions are removed between two starts", isRunning: false, ...forbid },
  {
    name: "the volume is read-only between two starts",
    isRunning: false,
    loses: "nothing",
    happen: ({ volume }) => {
      volume.setReadOnly(true);
    },
    end: ({ volume }) => {
      volume.setReadOnly(false);
    },
  },
  {
    name: "the files are deleted",
    isRunning: true,
    isKilledAfter: true,
    takesFiles: true,
    loses: "nothing",
    happen: ({ folder }) => {
      rmSync(folder, { recursive: true });
    },
  },
  {
    name: "the folder is moved",
    isRunning: true,
    isKilledAfter: true,
    takesFiles: true,
    loses: "nothing",
    happen: ({ folder }) => {
      renameSync(folder, `${folder}-elsewhere`);
    },
  },
  {
    name: "the log is deleted",
    isRunning: true,
    isKilledAfter: true,
    takesFiles: true,
    loses: "nothing",
    happen: (site) => {
      rmSync(file(site, "-wal"), { force: true });
    },
  },
  {
    name: "the files are deleted between two starts",
    isRunning: false,
    loses: "counted",
    happen: (site) => {
      for (const suffix of ["", "-wal", "-shm"]) rmSync(file(site, suffix), { force: true });
    },
  },
  {
    name: "rows are damaged",
    isRunning: true,
    loses: "exactly",
    happen: damageRows,
  },
  {
    name: "the log is cut off",
    isRunning: true,
    loses: "counted",
    happen: (site) => {
      cut(file(site, "-wal"), site.random);
    },
  },
  {
    name: "the database is cut off",
    isRunning: true,
    loses: "counted",
    happen: (site) => {
      takeLogOver(site);
      cut(file(site), site.random);
    },
  },
  {
    name: "the log is cut off between two starts",
    isRunning: false,
    loses: "counted",
    happen: (site) => {
      cut(file(site, "-wal"), site.random);
    },
  },
  {
    name: "the database is cut off between two starts",
    isRunning: false,
    loses: "counted",
    happen: (site) => {
      takeLogOver(site);
      cut(file(site), site.random);
    },
  },
  {
    name: "bytes of the database are overwritten between two starts",
    isRunning: false,
    loses: "counted",
    happen: overwrite,
  },
  {
    name: "bytes of the database are overwritten",
    isRunning: true,
    loses: "counted",
    happen: overwrite,
  },
];
