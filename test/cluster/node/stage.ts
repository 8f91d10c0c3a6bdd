import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";

import { until } from "../../support/patience.ts";
import { kubeconfigOf } from "./control-plane.ts";
import { namespaces } from "./machine.ts";
import { inState, siteNamespace } from "./places.ts";

/*
 * Containers and their helpers are left to the first process of the namespace when what started them ends, so that is a shell:
 * it takes note of their end, which Node.js does not.
 */
const firstProcess = [
  "mount --make-rshared /",
  "mkdir -p /run/netns && mount -t tmpfs tmpfs /run/netns",
  "ip link set lo up",
].join(" && ");

/** A shell gives what it starts beside itself no standard input of its own accord. */
const startBeside = 'exec 3<&0; "$@" <&3 3<&- & wait $!';

/**
 * Starts a program in the namespaces of a node. When this process dies, however it does, the program and all that it started are
 * killed, and mounts and network are gone with them.
 */
export function startStage(program: string, args: readonly string[]): ChildProcess {
  const inside = [
    "--propagation",
    "private",
    "bash",
    "-c",
    `${firstProcess} && { ${startBeside}; }`,
    "stage",
    program,
    ...args,
  ];
  return spawn("setpriv", ["--pdeathsig", "KILL", "unshare", ...namespaces, ...inside], {
    stdio: ["pipe", "pipe", "inherit"],
  });
}

/**
 * Writes two programs for whoever works with the node by hand: `enter` runs what follows it in the namespaces of a stage, and
 * `kubectl` is there already.
 */
export async function writeEntrances({ pid }: ChildProcess, kubectl: string): Promise<void> {
  const inner = await until("the first process of the namespaces", () => firstChildOf(pid ?? 0));
  const enter = `exec nsenter --target ${inner} --mount --net --pid`;
  writeProgram("enter", `${enter} "$@"`);
  writeProgram(
    "kubectl",
    `${enter} ${kubectl} --kubeconfig ${kubeconfigOf("admin")} --namespace ${siteNamespace} "$@"`,
  );
}

function writeProgram(name: string, command: string): void {
  writeFileSync(inState(name), `#!/bin/sh\n${command}\n`, { mode: 0o700 });
}

function firstChildOf(pid: number): string | undefined {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").split(" ").find(Boolean);
}
