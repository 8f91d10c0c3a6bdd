import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";

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

/** Where cgroups are, one folder for each hierarchy: one with v2, one for each controller with v1. */
export function cgroupHierarchies(): string[] {
  return isCgroupV2() ? [cgroupRoot] : readdirSync(cgroupRoot).map((name) => `${cgroupRoot}/${name}`);
}

const cgroupRoot = "/sys/fs/cgroup";
const usedControllers = [...neededControllers, "cpuset", "hugetlb", "io"];

function isCgroupV2(): boolean {
  return existsSync(`${cgroupRoot}/cgroup.controllers`);
}

/** File of a cgroup's setting of memory, by its name in each version. */
export function memoryFile(cgroup: string, { v1, v2 }: { readonly v1: string; readonly v2: string }): string {
  return isCgroupV2() ? `${cgroupRoot}/${cgroup}/${v2}` : `${cgroupRoot}/memory/${cgroup}/${v1}`;
}

/** The controllers that a cgroup below the top one can have; with v2 they are handed down first. */
function availableControllers(): string[] {
  if (!isCgroupV2()) return neededControllers.filter((name) => existsSync(`${cgroupRoot}/${name}/cgroup.procs`));
  const file = `${cgroupRoot}/cgroup.subtree_control`;
  for (const name of usedControllers) {
    try {
      writeFileSync(file, `+${name}`);
    } catch {
      // the kernel has none, or processes of a container are in the top one
    }
  }
  return readFileSync(file, "utf8").trim().split(" ");
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
