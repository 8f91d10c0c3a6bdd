import { existsSync } from "node:fs";

import { describeError } from "../../runtime/contract/errors.ts";
import { printable } from "../../runtime/contract/printable.ts";
import { unknownBecause, worstOf } from "./health.ts";
import type { HealthReader, SiteHealth } from "./health.ts";
import { forward, runToEnd } from "./kubectl-process.ts";
import { readReadiness, readStatus } from "./read-status.ts";
import type { Site } from "./sites.ts";

/** How long one question takes at most, in milliseconds. */
const questionMs = 20_000;

/** What relays are found by in a site's namespace. @see components/relay/manifests.ts */
const selector = "app.kubernetes.io/name=mqtt-dataflow-relay,app.kubernetes.io/part-of=mqtt-dataflow";

/** A pod of a relay, as far as it matters here. */
interface RelayPod {
  readonly name: string;
  readonly phase: string;
  /** Ports by name. */
  readonly ports: ReadonlyMap<string, number>;
  /** Why a container does not run: `ImagePullBackOff`. */
  readonly waiting: readonly string[];
}

/**
 * Asks the relays of a site through `kubectl port-forward`: no port of theirs has to be reachable from here.
 * @param program the executable, for a test
 */
export function kubectlHealth(program = "kubectl"): HealthReader {
  return async (site, signal) => {
    const limit = AbortSignal.any([signal, AbortSignal.timeout(questionMs)]);
    try {
      if (site.kubeconfig !== undefined && !existsSync(site.kubeconfig)) return unknownBecause(missingKubeconfig(site));
      const pods = await listPods(program, site, limit);
      if (pods.length === 0) return unknownBecause(`no pod of a relay is in namespace "${site.namespace}"`);
      return worstOf(await Promise.all(pods.map((pod) => askPod(program, site, pod, limit))));
    } catch (cause) {
      return unknownBecause(signal.aborted ? "was not asked to the end" : describeProblem(cause, limit));
    }
  };
}

/** Says that a site's kubeconfig is not there. */
export function missingKubeconfig({ name, kubeconfig }: Site): string {
  return `the kubeconfig ${kubeconfig ?? ""} does not exist; fetch it, or correct sites.${name}.kubernetes.kubeconfig`;
}

function describeProblem(cause: unknown, limit: AbortSignal): string {
  if (limit.aborted) return `did not answer within ${questionMs / 1000} s`;
  const { code } = cause as { readonly code?: unknown };
  return code === "ENOENT" ? "kubectl is not on the PATH; install it" : describeError(cause);
}

async function listPods(program: string, site: Site, limit: AbortSignal): Promise<RelayPod[]> {
  const text = await runToEnd(program, [...accessOf(site), "get", "pods", "-l", selector, "-o", "json"], limit);
  const { items = [] } = JSON.parse(text) as { readonly items?: readonly PodObject[] };
  return items.map(({ metadata, spec, status }) => ({
    name: metadata.name,
    phase: status?.phase ?? "Unknown",
    ports: new Map(
      (spec?.containers ?? []).flatMap(({ ports = [] }) =>
        ports.map(({ name, containerPort }): [string, number] => [name ?? "", containerPort]),
      ),
    ),
    waiting: (status?.containerStatuses ?? []).flatMap(({ state }) => state?.waiting?.reason ?? []),
  }));
}

/** A pod as `kubectl get -o json` prints it. */
interface PodObject {
  readonly metadata: { readonly name: string };
  readonly spec?: {
    readonly containers?: readonly {
      readonly ports?: readonly { readonly name?: string; readonly containerPort: number }[];
    }[];
  };
  readonly status?: {
    readonly phase?: string;
    readonly containerStatuses?: readonly { readonly state?: { readonly waiting?: { readonly reason?: string } } }[];
  };
}

function accessOf({ kubeconfig, context, namespace }: Site): string[] {
  return [
    ...(kubeconfig === undefined ? [] : [`--kubeconfig=${kubeconfig}`]),
    ...(context === undefined ? [] : [`--context=${context}`]),
    `--namespace=${namespace}`,
  ];
}

type InstanceHealth = SiteHealth & { readonly name: string };

async function askPod(program: string, site: Site, pod: RelayPod, limit: AbortSignal): Promise<InstanceHealth> {
  const { name, phase, waiting, ports } = pod;
  if (phase !== "Running" || waiting.length > 0) {
    const reason = `its pod is ${[phase, ...waiting].join(", ")}`;
    return { name, state: "failed", reasons: [printable(reason)] };
  }
  const status = ports.get("status");
  const metrics = ports.get("metrics");
  const port = status ?? metrics;
  if (port === undefined) return { name, state: "unknown", reasons: ["its pod has no port for its status"] };
  const forwarded = await forward(program, [...accessOf(site), "port-forward", `pod/${name}`], port, limit);
  try {
    const base = `http://127.0.0.1:${forwarded.localPort}`;
    return { name, ...(status === undefined ? await readReadiness(base, limit) : await readStatus(base, limit)) };
  } finally {
    forwarded.stop();
  }
}
