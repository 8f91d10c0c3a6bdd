import { mkdirSync, readdirSync, readFileSync } from "node:fs";

import type { Images } from "../image/image.ts";
import { startControlPlane } from "./control-plane.ts";
import { createKubectl } from "./kubectl.ts";
import type { Kubectl } from "./kubectl.ts";
import { podProcesses } from "./leftovers.ts";
import { cgroupHierarchies } from "./machine.ts";
import { bridge, cgroupName, containerdSocket, inState, nodeName } from "./places.ts";
import { run } from "./program.ts";
import type { Program } from "./program.ts";
import type { NodeParts } from "./programs.ts";
import { startContainerd, startKubelet } from "./runtime.ts";

/** A Kubernetes cluster of one node, in the namespaces of this process. */
export interface Node {
  readonly kubectl: Kubectl;
  /** Adds an image of a file to those that pods can have. */
  addImage(archive: string): Promise<void>;
  /** Ends containers, kubelet and containerd at once, as a power cut does; the control plane goes on. */
  cutPower(): Promise<void>;
  /** Starts them again. */
  restorePower(): Promise<void>;
  stop(): Promise<void>;
}

/** Starts it; the node is Ready when this resolves. */
export async function startNode(parts: NodeParts, images: Images): Promise<Node> {
  mkdirSync(inState("logs"), { recursive: true });
  await createBridge(parts);
  createCgroup();
  const controlPlane = await startControlPlane(parts);
  let machine = await startMachine(parts);
  const addImage = async (archive: string) => {
    await run(parts.ctr, ["--address", containerdSocket, "--namespace", "k8s.io", "images", "import", archive]);
  };
  for (const archive of Object.values(images)) await addImage(archive as string);
  const kubectl = createKubectl(parts.kubectl);
  await kubectl.untilTrue(
    ["node", nodeName],
    "Ready",
    (node) => node.status?.conditions?.some(({ type, status }) => type === "Ready" && status === "True") ?? false,
  );
  return {
    kubectl,
    addImage,
    cutPower: () => cutPower(machine),
    restorePower: async () => {
      machine = await startMachine(parts);
    },
    stop: async () => {
      await Promise.all(machine.map((program) => program.stop("SIGKILL")));
      // Without its store the API server waits for a minute.
      await Promise.all(controlPlane.map((program) => program.stop("SIGKILL")));
    },
  };
}

async function createBridge({ ip }: NodeParts): Promise<void> {
  await run(ip, ["link", "add", bridge.name, "type", "bridge"]);
  await run(ip, ["address", "add", `${bridge.address}/24`, "dev", bridge.name]);
  await run(ip, ["link", "set", bridge.name, "up"]);
}

/** The kubelet asks for its root to be there, in each hierarchy. */
function createCgroup(): void {
  for (const hierarchy of cgroupHierarchies()) mkdirSync(`${hierarchy}/${cgroupName}`, { recursive: true });
}

/** What ends and begins with the machine, the kubelet first. */
async function startMachine(parts: NodeParts): Promise<Program[]> {
  const containerd = await startContainerd(parts);
  return [await startKubelet(parts), containerd];
}

async function cutPower(machine: readonly Program[]): Promise<void> {
  for (const program of machine) await program.stop("SIGKILL");
  const isShim = (pid: number) => commandOf(pid).startsWith("containerd-shim");
  const all = [
    ...podProcesses(),
    ...readdirSync("/proc")
      .map(Number)
      .filter((pid) => pid > 0 && isShim(pid)),
  ];
  for (const pid of new Set(all)) {
    try {
      process.kill(pid, "SIGKILL");
    } catch {
      // its pod's other processes ended it
    }
  }
}

function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/comm`, "utf8");
  } catch {
    return "";
  }
}
