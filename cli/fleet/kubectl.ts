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

/** Port of the status page in a pod, on its loopback. A relay that has it elsewhere, or not at all, is asked whether it is ready. */
const statusPort = 9601;

/** A pod of a relay, as far as it matters here. */
interface RelayPod {
  readonly name: string;
  readonly phase: string;
  /** Of its first container. */
  readonly image: string;
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
    image: spec?.containers?.[0]?.image ?? "",
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
      readonly image?: string;
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
  const { name, phase, waiting, ports, image } = pod;
  if (phase !== "Running" || waiting.length > 0) {
    const reason = `its pod is ${[phase, ...waiting].join(", ")}`;
    return { name, state: "failed", reasons: [printable(reason)], version: versionOf(image) };
  }
  const base = { name, version: versionOf(image) };
  const [status, metrics] = [await askPort(statusPort, readStatus), ports.get("metrics")];
  if ("health" in status) return { ...base, ...status.health };
  if (metrics === undefined) return { ...base, ...unknownBecause(`does not answer: ${status.problem}`) };
  const readiness = await askPort(metrics, readReadiness);
  return { ...base, ...("health" in readiness ? readiness.health : unknownBecause(readiness.problem)) };

  async function askPort(
    port: number,
    read: (base: string, limit: AbortSignal) => Promise<SiteHealth>,
  ): Promise<Asked> {
    try {
      const forwarded = await forward(program, [...accessOf(site), "port-forward", `pod/${name}`], port, limit);
      try {
        return { health: await read(`http://127.0.0.1:${forwarded.localPort}`, limit) };
      } finally {
        forwarded.stop();
      }
    } catch (cause) {
      return { problem: limit.aborted ? describeProblem(cause, limit) : describeError(cause) };
    }
  }
}

/** What came of asking one port of a pod. */
type Asked = { readonly health: SiteHealth } | { readonly problem: string };

/** The tag of an image, or the start of its digest: `registry.example:5000/relay:0.1.0` → `0.1.0`. */
export function versionOf(image: string): string | undefined {
  const [named = "", digest] = image.split("@sha256:");
  return /:([\w.-]+)$/.exec(named)?.[1] ?? digest?.slice(0, 12);
}
