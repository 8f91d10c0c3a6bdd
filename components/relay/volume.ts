import type * as core from "@pulumi/kubernetes/core/v1/index.js";
import type * as inputs from "@pulumi/kubernetes/types/input.js";
import type * as pulumi from "@pulumi/pulumi";

import type { Problem } from "../../runtime/contract/errors.ts";
import { spoolVolumeFactor } from "../../runtime/contract/spool-volume.ts";
import { byRule } from "../checks/rules.ts";
import type { DataflowArgs } from "../dataflow.ts";
import { isForAio } from "../dataflow.ts";
import { BrokerType } from "../enumerations.ts";
import { relayDefaults } from "./defaults.ts";
import type { RelayVolumeArgs } from "./settings.ts";

/** Name of the volume in the pod, and with the pod's name of its claim. */
export const volumeName = "spool";

export const defaultSizeGibibytes = 10;
const bytesPerGibibyte = 1_073_741_824;

interface Dataflows {
  readonly [name: string]: DataflowArgs;
}

/** Tells whether the relay writes anything of its dataflows to the disk, from the kind of broker of each endpoint. */
export function usesVolume(dataflows: Dataflows, hostTypes: { readonly [endpoint: string]: BrokerType }): boolean {
  return relayed(dataflows).some((dataflow) => hasSpool(dataflow, hostTypes) || writesDeadLetters(dataflow));
}

/** Disabled ones too: a volume that came and went with a dataflow's mode would replace the StatefulSet. */
function relayed(dataflows: Dataflows): DataflowArgs[] {
  return Object.values(dataflows).filter((dataflow) => !isForAio(dataflow));
}

function hasSpool(dataflow: DataflowArgs, hostTypes: { readonly [endpoint: string]: BrokerType }): boolean {
  const { source, spool, requestDiskPersistence } = dataflow;
  if (spool?.mode === undefined && requestDiskPersistence === "Enabled") return true;
  return spool?.mode === undefined ? hostTypes[source] === BrokerType.EventGrid : spool.mode === "Enabled";
}

function writesDeadLetters({ undeliverableMessages, deadLetter }: DataflowArgs): boolean {
  return undeliverableMessages === "DeadLetter" && deadLetter?.endpoint === undefined;
}

/** What the StatefulSet's controller makes a claim of, where a pod has none. */
export function buildVolumeClaim(volume: RelayVolumeArgs): inputs.core.v1.PersistentVolumeClaim {
  return { metadata: { name: volumeName }, spec: buildClaimSpec(volume) };
}

/**
 * The claim of one pod, by the name that the StatefulSet's controller looks for.
 * @see Kubernetes, StatefulSets, stable storage: `<volume>-<StatefulSet>-<ordinal>`; a claim that exists is taken as it is
 */
export function buildClaim(
  { namespace, labels }: { readonly namespace: pulumi.Input<string>; readonly labels: { [key: string]: string } },
  statefulSet: string,
  ordinal: number,
  volume: RelayVolumeArgs,
): core.PersistentVolumeClaimPatchArgs {
  const name = `${volumeName}-${statefulSet}-${ordinal}`;
  return { metadata: { namespace, labels, name, annotations: claimAnnotations }, spec: buildClaimSpec(volume) };
}

const claimAnnotations = {
  // The controller, or somebody by hand, has said the size before.
  "pulumi.com/patchForce": "true",
  // Many storage classes bind a claim only once its pod is there, which comes after it (`WaitForFirstConsumer`).
  "pulumi.com/skipAwait": "true",
  // A file that is gone from a repository has to leave the disk alone. @see Flux, Kustomization, garbage collection
  "kustomize.toolkit.fluxcd.io/prune": "disabled",
  // @see Argo CD, Sync options, no prune resources and no resource deletion
  "argocd.argoproj.io/sync-options": "Prune=false,Delete=false",
};

function buildClaimSpec({ sizeGibibytes, storageClassName }: RelayVolumeArgs) {
  return {
    accessModes: ["ReadWriteOnce"],
    resources: { requests: { storage: `${sizeGibibytes ?? defaultSizeGibibytes}Gi` } },
    ...(storageClassName === undefined ? {} : { storageClassName }),
  };
}

/**
 * Size of a volume that holds disk queues, in whole GiB.
 * @param queueBytes sum of the queues' `spool.maxBytes`
 */
export function neededGibibytes(queueBytes: number): number {
  return Math.ceil((queueBytes * spoolVolumeFactor) / bytesPerGibibyte);
}

/** Refuses a volume that the disk queues outgrow: the relay would find the disk full before a queue is. */
export function checkVolume(
  volume: RelayVolumeArgs,
  dataflows: Dataflows,
  hostTypes: { readonly [endpoint: string]: BrokerType },
): Problem[] {
  const { sizeGibibytes = defaultSizeGibibytes } = volume;
  const path = "volume.sizeGibibytes";
  if (!Number.isInteger(sizeGibibytes) || sizeGibibytes < 1) {
    const remedy = "give a whole number of 1 GiB or more";
    return byRule("volume", [{ path, problem: `is ${sizeGibibytes} GiB`, remedy }]);
  }
  const queues = relayed(dataflows).filter((one) => hasSpool(one, hostTypes) || writesDeadLetters(one));
  const bytes = queues.reduce((sum, { spool }) => sum + (spool?.maxBytes ?? relayDefaults().spoolBytes), 0);
  const needed = neededGibibytes(bytes);
  if (needed <= sizeGibibytes) return [];
  const problem = `is ${sizeGibibytes} GiB, and the disk queues of ${queues.length} dataflows may take ${needed} GiB`;
  return byRule("volume", [
    { path, problem, remedy: `set it to ${needed} or more, or give the dataflows a smaller spool.maxBytes` },
  ]);
}
