import { spawnSync } from "node:child_process";

import { findExecutable } from "../support/real-parts.ts";
import type { Within } from "../support/started-process.ts";

/** What a site needs of the kernel, tried and thrown away. */
const trial = [
  "ip link set lo up",
  "ip tuntap add link mode tun",
  "ip link add plain type veth peer name other",
  "mount --bind /etc/resolv.conf /etc/resolv.conf",
].join(" && ");

/** One of its own each, and all that was started in them ends with the first process. */
const own = ["--mount", "--net", "--pid", "--fork", "--kill-child"];
/** First what needs no root. */
const ways = [["--user", "--map-root-user", ...own], ...(process.getuid?.() === 0 ? [own] : [])];

let found: { readonly options?: readonly string[]; readonly reason: string } | undefined;

/** Whether this machine can make the namespaces of a site; where not, prints the last word of the kernel. */
export function tryNamespaces(): { readonly options?: readonly string[]; readonly reason: string } {
  if (found !== undefined) return found;
  let reason = "no unshare and setpriv, which util-linux has";
  for (const options of ways) {
    const [command, args] = start(options)("sh", ["-c", trial]);
    const { status, stderr, error } = spawnSync(command, args, { encoding: "utf8" });
    if (status === 0) return (found = { options, reason: "" });
    if (error === undefined) reason = stderr.trim().split("\n").at(-1) ?? reason;
  }
  process.stderr.write(`network namespaces: ${reason}\n`);
  return (found = { reason });
}

/** For `describeWithParts`: finds programs, and whether there can be namespaces. */
export function findNamespaces(name: string): string | undefined {
  if (name !== "network namespaces") return findExecutable(name);
  return tryNamespaces().options?.join(" ");
}

/**
 * Starts a program in a user, network, mount and process namespace of its own. When this process dies, however it does,
 * the program and all that it started are killed, and the namespaces and mounts are gone with them.
 */
export const inNamespaces: Within = (program, args) => {
  const { options, reason } = tryNamespaces();
  if (options === undefined) throw new Error(`no namespaces on this machine: ${reason}`);
  return start(options)(program, args);
};

function start(options: readonly string[]): Within {
  const unshare = findExecutable("unshare") ?? "unshare";
  return (program, args) => ["setpriv", ["--pdeathsig", "KILL", unshare, ...options, program, ...args]];
}
