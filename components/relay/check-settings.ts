import type { RelayConfig } from "../../runtime/contract/config.ts";
import { memoryNeeds, memoryProblem, planMemory } from "../../runtime/contract/memory.ts";
import type { Problem } from "../../runtime/contract/errors.ts";
import { judgeRelayCertificates } from "../certificates.ts";
import { checkVault } from "../checks/vault.ts";
import { isKnown } from "../known.ts";
import { relayDefaults } from "./defaults.ts";
import { checkEgress } from "./network.ts";
import { checkPod } from "./pod-settings.ts";
import { checkSecrets } from "./secrets.ts";
import type { RelayIdentities } from "./identities.ts";
import type { RelaySettingsArgs, WorkloadIdentityArgs } from "./settings.ts";

/** Longest name of a relay: pods carry the StatefulSet's name and a revision in a label of 63 characters. */
const maxNameLength = 39;
const firstUnprivilegedPort = 1024;

/** Lists what is wrong with a relay's settings as far as they are known; the dataflows are checked where they are rendered. */
export function checkRelaySettings(
  name: string,
  args: RelaySettingsArgs,
  { identity, furtherIdentities = {} }: RelayIdentities,
  endpointNames: readonly string[],
): Problem[] {
  return [
    ...checkName(name),
    ...checkMetricsPort(args.metricsPort),
    ...checkPagePort(args),
    ...checkMemory(args.memoryMebibytes),
    ...checkSecrets(args.secrets ?? {}),
    ...checkVault("vault", args.vault, Object.keys(args.secrets ?? {})),
    ...checkFederation("vault.secretSync.identity", args.vault?.secretSync?.identity ?? {}),
    ...judgeRelayCertificates("", args).problems,
    ...(identity === undefined ? [] : checkFederation("identity", identity)),
    ...Object.entries(furtherIdentities).flatMap(([key, one]) => checkFederation(`furtherIdentities.${key}`, one)),
    ...checkEgress(args.egress ?? {}, endpointNames),
    ...checkPod(args.pod ?? {}),
  ];
}

function checkName(name: string): Problem[] {
  if (/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/.test(name) && name.length <= maxNameLength) return [];
  const problem = `is "${name}", which names no pods`;
  const remedy = `give at most ${maxNameLength} lower-case letters, digits and "-", first and last no "-"`;
  return [{ path: "name", problem, remedy }];
}

function checkMetricsPort(port: number | undefined): Problem[] {
  if (port === undefined || isUnprivilegedPort(port)) return [];
  const problem = `is ${port}, and the pod's probes need a port that a process without privileges can open`;
  return [{ path: "metricsPort", problem, remedy: `give ${firstUnprivilegedPort} to 65535` }];
}

function checkPagePort({ statusPage, metricsPort }: RelaySettingsArgs): Problem[] {
  const port = statusPage?.port ?? 0;
  if (port === 0) return [];
  const path = "statusPage.port";
  const remedy = `give another one from ${firstUnprivilegedPort} to 65535, or 0 for no page`;
  if (!isUnprivilegedPort(port))
    return [{ path, problem: `is ${port}, which no process without privileges can open`, remedy }];
  if (port !== (metricsPort ?? relayDefaults().metricsPort)) return [];
  return [{ path, problem: `is ${port}, the port of metrics and probes`, remedy }];
}

function isUnprivilegedPort(port: number): boolean {
  return Number.isInteger(port) && port >= firstUnprivilegedPort && port <= 65_535;
}

/** Lists what is wrong with a pod's memory, whatever runs in it. */
export function checkMemory(memory: RelaySettingsArgs["memoryMebibytes"]): Problem[] {
  if (memory === undefined || !isKnown(memory)) return [];
  const least = leastMebibytes();
  if (Number.isInteger(memory) && memory >= least) return [];
  const problem = `is ${memory} MiB, too little for the relay to start`;
  return [{ path: "memoryMebibytes", problem, remedy: `give a whole number of ${least} MiB or more` }];
}

/** What a relay with a single dataflow needs. */
function leastMebibytes(): number {
  const plan = planMemory(0, { dataflows: [{ name: "one", maxInflightBytes: 0 }], usesDisk: false });
  return "neededBytes" in plan ? Math.ceil(plan.neededBytes / 1024 / 1024) : 0;
}

/** Lists what is wrong with the memory of a pod for the dataflows that it runs: the relay would refuse to start. */
export function checkMemoryOf(dataflows: RelayConfig["dataflows"], mebibytes: number): Problem[] {
  const problem = memoryProblem("memoryMebibytes", mebibytes * 1024 * 1024, memoryNeeds(dataflows));
  return problem === undefined ? [] : [problem];
}

function checkFederation(path: string, identity: Omit<WorkloadIdentityArgs, "clientId">): Problem[] {
  if (identity.oidcIssuerUrl === undefined) return [];
  return (["resourceGroupName", "identityName"] as const)
    .filter((field) => identity[field] === undefined)
    .map((field) => ({
      path: `${path}.${field}`,
      problem: "is missing, and the federated identity credential needs it",
      remedy: "add it, or leave oidcIssuerUrl out",
    }));
}
