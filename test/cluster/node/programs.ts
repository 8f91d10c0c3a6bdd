import type { RealPart } from "../../support/real-parts.ts";

/** The programs of a node; what the tests need is the same. */
export const nodeParts = [
  "kube-apiserver",
  "kubelet",
  "kube-controller-manager",
  "kube-scheduler",
  "kubectl",
  "etcd",
  "containerd",
  "runc",
  "ctr",
  "host-local",
  "dnsmasq",
  "nft",
  "mosquitto",
  "buildah",
  "debootstrap",
  "cc",
  "ip",
  "setpriv",
  "unshare",
  "Kubernetes node",
] as const satisfies readonly RealPart[];

/** Flux's controllers, and the definitions of the objects that they look after. */
export const fluxParts = [
  "source-controller",
  "kustomize-controller",
  "flux-definitions",
] as const satisfies readonly RealPart[];

/** Pulumi's command line with its own host of Node.js programs and its own Kubernetes provider. */
export const commandLineParts = [
  "pulumi",
  "pulumi-language-nodejs",
  "pulumi-resource-kubernetes",
] as const satisfies readonly RealPart[];

/** What some rows take, and may be missing. */
export const rowParts = [...fluxParts, ...commandLineParts] as const;

/** Their paths; of those that some rows take, which may be missing, "". */
export type NodeParts = Readonly<Record<(typeof nodeParts)[number] | (typeof rowParts)[number], string>>;
