import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";

/** Tried in namespaces that are thrown away: what the pods' network and file systems need of the kernel. */
const trial = [
  "mount --make-rshared /",
  "ip link add bridge0 type bridge",
  "ip link add veth0 type veth peer name veth1",
  "mount -t tmpfs tmpfs /mnt",
  "mkdir /mnt/lower /mnt/upper /mnt/work /mnt/whole",
  "mount -t overlay overlay -o lowerdir=/mnt/lower,upperdir=/mnt/upper,workdir=/mnt/work /mnt/whole",
].join(" && ");

/** Namespaces of a node: all that it starts ends with the first process, and mounts and network with them. */
export const namespaces = ["--mount", "--net", "--pid", "--fork", "--kill-child", "--mount-proc"];

const neededControllers = ["cpu", "memory", "pids"];

let found: { readonly reason: string | undefined } | undefined;

/** Why this machine can run no node of Kubernetes; `undefined` when it can. Says nothing of the programs. */
export function whyNoNode(): string | undefined {
  found ??= { reason: tryNode() };
  return found.reason;
}

function tryNode(): string | undefined {
  if (process.platform !== "linux") return "it runs on Linux only";
  if (process.getuid?.() !== 0) return "it takes root, for namespaces, mounts and cgroups";
  const missing = neededControllers.filter((name) => !availableControllers().includes(name));
  if (missing.length > 0) return `it takes cgroups, and the controllers ${missing.join(", ")} are not there`;
  const { status, stderr, error } = spawnSync("unshare", [...namespaces, "sh", "-c", trial], { encoding: "utf8" });
  if (error !== undefined) return "it takes unshare, which util-linux has";
  if (status === 0) return undefined;
  return `the kernel refuses what a pod needs: ${stderr.trim().split("\n").at(-1) ?? ""}`;
}

/** The controllers of cgroup v2, or those that have a hierarchy of v1. */
function availableControllers(): string[] {
  const v2 = "/sys/fs/cgroup/cgroup.controllers";
  if (existsSync(v2)) return readFileSync(v2, "utf8").trim().split(" ");
  return neededControllers.filter((name) => existsSync(`/sys/fs/cgroup/${name}/cgroup.procs`));
}

/** What the kubelet sets for the whole machine. @see Kubernetes, kubelet, protectKernelDefaults */
const kubeletSysctls = ["vm/overcommit_memory", "vm/panic_on_oom", "kernel/panic", "kernel/panic_on_oops"];

export type Sysctls = Readonly<Record<string, string>>;

/** Reads the settings of the kernel that a kubelet changes. */
export function readSysctls(): Sysctls {
  return Object.fromEntries(
    kubeletSysctls.map((name) => [name, readFileSync(`/proc/sys/${name}`, "utf8").trim()] as const),
  );
}

/** Puts them back, as far as they differ. */
export function restoreSysctls(before: Sysctls): void {
  const now = readSysctls();
  for (const [name, value] of Object.entries(before)) {
    if (now[name] !== value) writeFileSync(`/proc/sys/${name}`, value);
  }
}
