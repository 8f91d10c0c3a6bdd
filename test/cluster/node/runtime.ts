import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";

import { pauseImage } from "../image/names.ts";
import { kubeconfigOf } from "./control-plane.ts";
import { bridge, cgroupName, containerdSocket, inState, nodeName } from "./places.ts";
import { run, startProgram } from "./program.ts";
import type { Program } from "./program.ts";
import type { NodeParts } from "./programs.ts";

/** Port at which the kubelet says that it is well. */
const healthPort = 10_248;

/** Starts what runs containers. */
export async function startContainerd(parts: NodeParts): Promise<Program> {
  mkdirSync(inState("cni"), { recursive: true });
  writeFileSync(inState("cni", "10-pods.conflist"), JSON.stringify(podNetwork()));
  writeFileSync(inState("containerd.toml"), containerdConfig(path.dirname(parts["host-local"])));
  const containerd = startProgram("containerd", parts.containerd, ["--config", inState("containerd.toml")]);
  await containerd.until("its socket", async () => {
    if (!existsSync(containerdSocket)) return false;
    return run(parts.ctr, ["--address", containerdSocket, "version"]).then(
      () => true,
      () => false,
    );
  });
  return containerd;
}

function podNetwork(): object {
  const ipam = { type: "host-local", ranges: [[{ subnet: bridge.subnet }]], routes: [{ dst: "0.0.0.0/0" }] };
  return {
    cniVersion: "0.4.0",
    name: "pods",
    plugins: [
      { type: "bridge", bridge: bridge.name, isGateway: true, ipam: { ...ipam, dataDir: inState("addresses") } },
    ],
  };
}

function containerdConfig(networkPlugins: string): string {
  return `version = 2
root = "${inState("containerd")}"
state = "${inState("containerd-state")}"
[grpc]
  address = "${containerdSocket}"
[plugins."io.containerd.internal.v1.opt"]
  path = "${inState("containerd-opt")}"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "${pauseImage}"
  # A machine without CAP_SYS_RESOURCE refuses a lower score than the parent's.
  restrict_oom_score_adj = true
  disable_apparmor = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "${networkPlugins}"
    conf_dir = "${inState("cni")}"
  [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
    runtime_type = "io.containerd.runc.v2"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
      SystemdCgroup = false
`;
}

/** Starts the kubelet, which makes itself known to the API server. */
export async function startKubelet(parts: NodeParts): Promise<Program> {
  writeFileSync(inState("kubelet.json"), JSON.stringify(kubeletConfig()));
  const kubelet = startProgram("kubelet", parts.kubelet, [
    `--config=${inState("kubelet.json")}`,
    `--kubeconfig=${kubeconfigOf("kubelet")}`,
    `--root-dir=${inState("kubelet")}`,
    `--cert-dir=${inState("kubelet-certificates")}`,
    `--node-ip=${bridge.address}`,
    `--hostname-override=${nodeName}`,
  ]);
  await kubelet.until("its health", () =>
    fetch(`http://127.0.0.1:${healthPort}/healthz`).then(
      ({ ok }) => ok,
      () => false,
    ),
  );
  return kubelet;
}

function kubeletConfig(): object {
  return {
    kind: "KubeletConfiguration",
    apiVersion: "kubelet.config.k8s.io/v1beta1",
    containerRuntimeEndpoint: `unix://${containerdSocket}`,
    // Nobody outside the node's own network reaches it, and the API server is its only client.
    authentication: { anonymous: { enabled: true }, webhook: { enabled: false } },
    authorization: { mode: "AlwaysAllow" },
    failCgroupV1: false,
    cgroupDriver: "cgroupfs",
    cgroupRoot: `/${cgroupName}`,
    enforceNodeAllocatable: [],
    failSwapOn: false,
    oomScoreAdj: 0,
    // A changed Secret is in the pod sooner than after the usual minute.
    syncFrequency: "10s",
    clusterDNS: [bridge.address],
    clusterDomain: "cluster.local",
    // How full the developer's disk is decides nothing here.
    evictionHard: { "memory.available": "50Mi", "nodefs.available": "1%", "imagefs.available": "1%" },
    imageGCHighThresholdPercent: 100,
    healthzPort: healthPort,
    volumePluginDir: inState("kubelet-plugins"),
    podLogsDir: inState("pod-logs"),
  };
}
