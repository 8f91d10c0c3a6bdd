import { until } from "../../support/patience.ts";
import { kubeconfigOf } from "./control-plane.ts";
import { run } from "./program.ts";

/** An object of the cluster, as far as the tests read it. */
export interface ClusterObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly uid?: string;
    readonly creationTimestamp?: string;
    readonly deletionTimestamp?: string;
    readonly labels?: Readonly<Record<string, string>>;
  };
  readonly spec?: Readonly<Record<string, unknown>>;
  readonly status?: {
    readonly phase?: string;
    readonly podIP?: string;
    readonly conditions?: readonly { readonly type: string; readonly status: string }[];
    readonly containerStatuses?: readonly ContainerStatus[];
    readonly readyReplicas?: number;
  };
}

export interface ContainerStatus {
  readonly containerID?: string;
  readonly restartCount: number;
  readonly ready: boolean;
  readonly lastState?: { readonly terminated?: { readonly reason: string; readonly exitCode: number } };
}

/** The command line of Kubernetes, as the cluster's administrator. */
export interface Kubectl {
  (args: readonly string[], input?: string): Promise<string>;
  get(args: readonly string[]): Promise<ClusterObject>;
  list(args: readonly string[]): Promise<readonly ClusterObject[]>;
  /** Asks for an object until a condition holds of it; an object that isn't there is asked for again. */
  untilTrue(
    args: readonly string[],
    what: string,
    holds: (object: ClusterObject) => boolean,
    waitMs?: number,
  ): Promise<void>;
}

/** Time that Kubernetes' parts take for one thing, in milliseconds of an idle machine. */
const usualMs = 90_000;
/** Time between two questions: each is a program that starts. */
const askAgainMs = 250;

export function createKubectl(executable: string): Kubectl {
  const call = (args: readonly string[], input?: string) =>
    run(executable, ["--kubeconfig", kubeconfigOf("admin"), ...args], input);
  const get = async (args: readonly string[]) =>
    JSON.parse(await call(["get", "--output=json", ...args])) as ClusterObject;
  return Object.assign(call, {
    get,
    list: async (args: readonly string[]) => {
      const list = (await get(args)) as unknown as { readonly items: readonly ClusterObject[] };
      return list.items;
    },
    untilTrue: (args: readonly string[], what: string, holds: (object: ClusterObject) => boolean, waitMs = usualMs) =>
      untilAsked(`${args.join(" ")}: ${what}`, async () => holds(await get(args)), waitMs),
  });
}

/** Asks four times a second until the answer is yes; a question that fails is asked again. */
export async function untilAsked(what: string, ask: () => Promise<boolean>, waitMs = usualMs): Promise<void> {
  let atMs = 0;
  await until(
    what,
    async () => {
      if (performance.now() < atMs) return undefined;
      const holds = await ask().catch(() => false);
      atMs = performance.now() + askAgainMs;
      return holds ? true : undefined;
    },
    waitMs,
  );
}
