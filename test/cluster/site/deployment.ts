import path from "node:path";

import type { MqttBridgeArgs } from "../../../components/bridge/settings.ts";
import type { ClusterObject, Kubectl } from "../node/kubectl.ts";
import { renderProgram } from "../image/earlier-release.ts";
import { run } from "../node/program.ts";
import { siteNamespace } from "../node/places.ts";

/** The objects of one bridge in the cluster. */
export interface Deployment {
  /** Applies a declaration, waits for the rollout unless told otherwise, and deletes what is declared no more. */
  apply(args: MqttBridgeArgs, options?: ApplyOptions): Promise<void>;
  /** Waits until all pods have the configuration and are ready. */
  untilRolledOut(): Promise<void>;
  readonly statefulSet: string;
  readonly objects: readonly ClusterObject[];
  pods(): Promise<readonly ClusterObject[]>;
  podName(ordinal: number): string;
}

export interface ApplyOptions {
  readonly isAwaited?: boolean;
  /** Folder of the sources whose components declare the objects; omitted: these. */
  readonly sources?: string;
  /** Brings the objects into the cluster; omitted: as Pulumi's provider does it. */
  readonly deliver?: (objects: readonly ClusterObject[]) => Promise<void>;
  /** What a test needs otherwise than the components have it. */
  readonly edit?: (manifest: Record<string, unknown>) => void;
}

const rolloutTimeout = "240s";

export function createDeployment(kubectl: Kubectl, name: string): Deployment {
  let objects: readonly ClusterObject[] = [];
  /** What was declared before, and is there still. */
  let superseded: readonly ClusterObject[] = [];
  const statefulSet = () => objects.find(({ kind }) => kind === "StatefulSet")?.metadata.name ?? "";
  const pods = followPods(kubectl, name, statefulSet);
  return {
    ...pods,
    apply: async (args, { isAwaited = true, edit, sources, deliver = asProvider(kubectl) } = {}) => {
      superseded = [...superseded, ...objects];
      objects = await render(name, args, sources);
      superseded = superseded.filter((old) => !objects.some((one) => isSame(old, one)));
      for (const object of objects) edit?.(object as unknown as Record<string, unknown>);
      await deliver(objects);
      // Nothing is deleted before the rollout has ended: pods of the configuration before are there until then.
      if (!isAwaited) return;
      await pods.untilRolledOut();
      for (const object of superseded) await remove(kubectl, object);
      superseded = [];
    },
    get statefulSet() {
      return statefulSet();
    },
    get objects() {
      return objects;
    },
  };
}

/** What a program has deployed that nobody here declares. */
export function followDeployment(kubectl: Kubectl, name: string, statefulSet: string): Deployment {
  return {
    ...followPods(kubectl, name, () => statefulSet),
    apply: () => Promise.reject(new Error(`${name}: its own program deploys it`)),
    statefulSet,
    objects: [],
  };
}

function followPods(
  kubectl: Kubectl,
  name: string,
  statefulSet: () => string,
): Pick<Deployment, "untilRolledOut" | "pods" | "podName"> {
  const inNamespace = ["--namespace", siteNamespace];
  return {
    untilRolledOut: async () => {
      const rollout = ["rollout", "status", `statefulset/${statefulSet()}`, `--timeout=${rolloutTimeout}`];
      await kubectl([...inNamespace, ...rollout]);
    },
    pods: async () => kubectl.list([...inNamespace, "pods", `--selector=app.kubernetes.io/instance=${name}-relay`]),
    podName: (ordinal) => `${statefulSet()}-${ordinal}`,
  };
}

/** What was written by hand in between is taken back. */
function asProvider(kubectl: Kubectl): NonNullable<ApplyOptions["deliver"]> {
  const apply = ["apply", "--server-side", "--force-conflicts", "--field-manager=pulumi", "--filename=-"];
  return async (items) => {
    await kubectl(apply, JSON.stringify({ apiVersion: "v1", kind: "List", items }));
  };
}

const ownSources = path.join(import.meta.dirname, "../../..");

async function render(
  name: string,
  args: MqttBridgeArgs,
  sources: string = ownSources,
): Promise<readonly ClusterObject[]> {
  const program = path.join(sources, renderProgram);
  const list = JSON.parse(await run(process.execPath, [program], JSON.stringify({ name, args }))) as {
    readonly items: readonly ClusterObject[];
  };
  return list.items;
}

function isSame(a: ClusterObject, b: ClusterObject): boolean {
  return a.kind === b.kind && a.metadata.name === b.metadata.name;
}

/** Pulumi never deletes a disk. */
async function remove(kubectl: Kubectl, { kind, metadata }: ClusterObject): Promise<void> {
  if (kind === "PersistentVolumeClaim") return;
  await kubectl(["delete", kind, metadata.name, "--namespace", siteNamespace, "--ignore-not-found"]);
}
