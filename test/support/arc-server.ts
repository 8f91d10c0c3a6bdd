import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";

import { arcKeyFolder } from "../../emulator/identity/arc-challenge.ts";
import { Stopwatch } from "./patience.ts";
import { findExecutable } from "./real-parts.ts";
import type { Within } from "./started-process.ts";
import { createTemporaryFolder } from "./temporary-folder.ts";

/** A machine on which a program finds the keys of an Arc-enabled server in the folder that Azure's library reads. */
export interface ArcServer {
  /** Where the keys are to be put. */
  readonly keyFolder: string;
  /** What to start in place of a program, so that it sees them. */
  readonly within: Within;
  /** Takes back what was made outside of a test's own folders. */
  end(): void;
}

const agentFolder = path.dirname(arcKeyFolder);
/** The library takes no other folder, so the program gets a `/var/opt` of its own, with the test's folder in it. */
const script = `mount -t tmpfs none /var/opt && mkdir -p ${arcKeyFolder} && mount --bind "$1" ${arcKeyFolder} && shift && exec "$@"`;

function inNamespace(unshare: string, keyFolder: string): ArcServer {
  return {
    keyFolder,
    within: (program, args) => [
      unshare,
      ["--user", "--map-root-user", "--mount", "sh", "-c", script, "sh", keyFolder, program, ...args],
    ],
    end: () => undefined,
  };
}

/** For `describeWithPart`: finds `unshare` where there can be an {@link ArcServer}. */
export function findArcServer(): string | undefined {
  const unshare = findExecutable("unshare");
  return (unshare !== undefined && canUnshare(unshare)) || canUseMachine() ? (unshare ?? "") : undefined;
}

/** Makes an Arc-enabled server of a process, or, where that is not permitted to root, of the machine for a while. */
export async function createArcServer(unshare: string): Promise<ArcServer> {
  if (canUnshare(unshare)) return inNamespace(unshare, createTemporaryFolder("arc"));
  await takeMachine();
  return {
    keyFolder: arcKeyFolder,
    within: (program, args) => [program, [...args]],
    end: () => {
      rmSync(agentFolder, { recursive: true, force: true });
    },
  };
}

function canUnshare(unshare: string): boolean {
  if (unshare === "") return false;
  const [command, args] = inNamespace(unshare, "/tmp").within("true", []);
  return spawnSync(command, args).status === 0;
}

/** A folder that is there is that of a real agent, which is nothing to play with, unless another test has made it. */
function canUseMachine(): boolean {
  return process.getuid?.() === 0 && (!existsSync(agentFolder) || existsSync(marker));
}

const marker = path.join(agentFolder, "made-by-tests-of-mqtt-dataflow");
/** Longest wait for the other test, on an idle machine. */
const otherTestMs = 15_000;
const againMs = 100;

/** Makes the agent's folder; waits while a test in another process has it. */
async function takeMachine(): Promise<void> {
  mkdirSync(path.dirname(agentFolder), { recursive: true });
  const watch = new Stopwatch();
  for (;;) {
    try {
      mkdirSync(agentFolder);
      writeFileSync(marker, "");
      mkdirSync(arcKeyFolder);
      return;
    } catch (cause) {
      if (watch.elapsedMs > otherTestMs)
        throw new Error(`${agentFolder}: is left by a run that was ended; remove it`, { cause });
      await delay(againMs);
    }
  }
}
