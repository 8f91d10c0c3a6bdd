import { mkdirSync } from "node:fs";

import { inState, nodeName } from "../node/places.ts";
import type { Cluster } from "./site.ts";

/** Volumes of the node's own disk, as an administrator makes them where nothing makes them by itself. */
export async function addDisks({ kubectl }: Cluster, site: string, count: number, sizeGibibytes = 1): Promise<void> {
  const volumes = Array.from({ length: count }, (_, at) => {
    const path = inState("disks", `${site}-${at}`);
    mkdirSync(path, { recursive: true });
    const terms = [{ matchExpressions: [{ key: "kubernetes.io/hostname", operator: "In", values: [nodeName] }] }];
    return {
      apiVersion: "v1",
      kind: "PersistentVolume",
      metadata: { name: `${site}-${at}` },
      spec: {
        capacity: { storage: `${sizeGibibytes}Gi` },
        accessModes: ["ReadWriteOnce"],
        storageClassName: "disk",
        local: { path },
        nodeAffinity: { required: { nodeSelectorTerms: terms } },
      },
    };
  });
  const storageClass = {
    apiVersion: "storage.k8s.io/v1",
    kind: "StorageClass",
    metadata: { name: "disk" },
    provisioner: "kubernetes.io/no-provisioner",
    volumeBindingMode: "WaitForFirstConsumer",
  };
  const items = [storageClass, ...volumes];
  await kubectl(["apply", "--filename=-"], JSON.stringify({ apiVersion: "v1", kind: "List", items }));
}
