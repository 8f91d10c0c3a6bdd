import { objectAt, objectsAt } from "./inputs.ts";
import type { CheckedResource, Inputs } from "./rule.ts";

/** The pod that a workload runs. */
export interface Pod {
  /** Where its specification is, such as `spec.template.spec`. */
  readonly path: string;
  readonly kind: string;
  readonly namespace: string | undefined;
  readonly labels: Inputs;
  readonly spec: Inputs;
}

/** One container of a pod and where it is. */
export interface Container {
  readonly path: string;
  readonly container: Inputs;
}

/** Kinds with a pod in them, by where it is; each in whichever API group and version. */
const podPaths: { readonly [kind: string]: readonly string[] } = {
  Pod: [],
  Deployment: ["spec", "template"],
  StatefulSet: ["spec", "template"],
  DaemonSet: ["spec", "template"],
  ReplicaSet: ["spec", "template"],
  ReplicationController: ["spec", "template"],
  Job: ["spec", "template"],
  CronJob: ["spec", "jobTemplate", "spec", "template"],
};

/** Reads the pod out of a workload; `undefined` for other types. */
export function podOf({ type, props }: CheckedResource): Pod | undefined {
  const kind = /^kubernetes:(?:core|apps|batch|extensions)\/\w+:(\w+?)(?:Patch)?$/.exec(type)?.[1];
  const path = kind === undefined ? undefined : podPaths[kind];
  if (kind === undefined || path === undefined) return undefined;
  const pod = objectAt(props, ...path);
  const { namespace } = objectAt(props, "metadata");
  return {
    path: [...path, "spec"].join("."),
    kind,
    namespace: typeof namespace === "string" ? namespace : undefined,
    labels: objectAt(pod, "metadata", "labels"),
    spec: objectAt(pod, "spec"),
  };
}

/** All containers of a pod, those that run once or for a debugger's visit too. */
export function containersOf({ path, spec }: Pod): Container[] {
  return ["containers", "initContainers", "ephemeralContainers"].flatMap((list) =>
    objectsAt(spec, list).map((container, index) => ({ path: `${path}.${list}[${index}]`, container })),
  );
}
