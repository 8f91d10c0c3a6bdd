import { homedir } from "node:os";
import path from "node:path";

/*
 * Where the node keeps its things. One machine has one node at a time, so that whoever comes next finds what a run that was
 * killed has left.
 */

/** Data of etcd, containerd and kubelet, logs and kubeconfigs; removed with the node. */
export const stateFolder = "/var/lib/mqtt-dataflow-cluster";

/** The cgroup below which all pods are, in each hierarchy. */
export const cgroupName = "mqtt-dataflow-cluster";

/** The bridge of the pods, and the node's address on it. The brokers listen there too. */
export const bridge = { name: "mqtt0", address: "10.244.7.1", subnet: "10.244.7.0/24" } as const;

export const nodeName = "node1";

/** Namespace of AIO and of the relay. */
export const siteNamespace = "azure-iot-operations";

/** Programs and images that are built once, whatever the checkout. */
export const cacheFolder = path.join(process.env["XDG_CACHE_HOME"] ?? path.join(homedir(), ".cache"), "mqtt-dataflow");

export function inState(...parts: readonly string[]): string {
  return path.join(stateFolder, ...parts);
}

export const containerdSocket = inState("containerd.sock");
