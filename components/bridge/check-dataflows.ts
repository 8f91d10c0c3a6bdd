import type { RelayConfig } from "../../runtime/contract/config.ts";
import type { Problem } from "../../runtime/contract/errors.ts";
import { unsharedFilter } from "../../runtime/contract/topic/overlap.ts";
import { withoutAioFields } from "../checks/aio-dataflow.ts";
import type { DataflowArgs } from "../dataflow.ts";
import { declaredRemedy } from "../declared-remedy.ts";
import { buildEndpointConfig } from "../endpoint/config.ts";
import { knownEndpoint } from "../endpoint/check-endpoint.ts";
import { isKnown, knownFields, mapValues } from "../known.ts";
import { checkMemory, checkMemoryOf } from "../relay/check-settings.ts";
import { podDefaults } from "../relay/defaults.ts";
import type { RelaySettingsArgs } from "../relay/settings.ts";
import { checkRelayConfig, renderRelayConfig } from "../render.ts";
import type { RelayDeclaration } from "../render.ts";
import { dataflowsOf } from "./plan.ts";
import type { Plan } from "./plan.ts";

/** Checks the dataflows of each engine, by what both have in common: endpoints, topic filters and topics. */
export function checkDataflows(plan: Plan): Problem[] {
  const aio = dataflowsOf(plan, "aio");
  const problems = [
    ...(plan.hasRelay ? checkDocument(plan, dataflowsOf(plan, "relay"), plan.args.relay ?? {}, memoryCheck(plan)) : []),
    ...(Object.keys(aio).length === 0 ? [] : checkDocument(plan, mapValues(aio, withoutShares), {})),
  ];
  // An endpoint is in the documents of both engines, and the name of an AIO dataflow has a rule of its own.
  const first = new Map(problems.toReversed().map((problem) => [`${problem.path} ${problem.problem}`, problem]));
  const distinct = problems.filter((problem) => first.get(`${problem.path} ${problem.problem}`) === problem);
  return distinct.filter(({ path }) => aio[path.replace(/^dataflows\./, "")] === undefined);
}

/** The relay compares them when it renders its configuration, and the first preview of a namespace does not know all of that. */
function memoryCheck({ args: { relay } }: Plan): (config: RelayConfig) => readonly Problem[] {
  const mebibytes = relay?.memoryMebibytes ?? podDefaults.memoryMebibytes;
  if (!isKnown(mebibytes) || checkMemory(mebibytes).length > 0) return () => [];
  return ({ dataflows }) =>
    checkMemoryOf(dataflows, mebibytes).map(({ path, ...problem }) => ({ path: `relay.${path}`, ...problem }));
}

/** The relay warns of what its dataflows may lose when it renders them; what AIO's engine runs nobody renders. */
export function warnOfAio(plan: Plan): Problem[] {
  const aio = dataflowsOf(plan, "aio");
  if (Object.keys(aio).length === 0) return [];
  const declaration = buildDeclaration(plan, mapValues(aio, withoutShares), {});
  return renderRelayConfig("declaration", declaration).warnings.flatMap(({ path, ...warning }) => {
    const [, name = "", ...field] = path.split(".");
    const endpoint = plan.endpoints.find((other) => other.name === name);
    // Of an endpoint that both engines use the relay warns.
    if (endpoint === undefined || endpoint.isRelayed) return [];
    return [{ path: [endpoint.path, ...field].join("."), ...warning }];
  });
}

/** How AIO's dataflows share subscriptions depends on their profile, and is checked with it. */
function withoutShares(dataflow: DataflowArgs): DataflowArgs {
  return { ...dataflow, dataSources: dataflow.dataSources.map(unsharedFilter) };
}

/** Checks dataflows, and the settings that are rendered, as the relay will read them. */
function checkDocument(
  plan: Plan,
  dataflows: { readonly [name: string]: DataflowArgs },
  relay: Partial<RelaySettingsArgs>,
  checkMore?: (config: RelayConfig) => readonly Problem[],
): Problem[] {
  const problems = checkRelayConfig(buildDeclaration(plan, dataflows, relay), checkMore);
  const pathOf = (name: string) => plan.endpoints.find((other) => other.name === name)?.path;
  return problems.flatMap(({ path, remedy: said, ...found }) => {
    const problem = { ...found, remedy: declaredRemedy(said, pathOf) };
    const [part, name, ...field] = path.split(".");
    // The fields of endpoints are checked one endpoint at a time, with their own names.
    if (part === "endpoints" && field.length > 0) return [];
    const endpoint = part === "endpoints" ? plan.endpoints.find((other) => other.name === name) : undefined;
    if (endpoint !== undefined) return [{ path: endpoint.path, ...problem }];
    return [{ path: part !== undefined && part in relay ? `relay.${path}` : path, ...problem }];
  });
}

function buildDeclaration(
  { args: { site }, endpoints }: Plan,
  all: { readonly [name: string]: DataflowArgs },
  relay: Partial<RelaySettingsArgs>,
): RelayDeclaration {
  const dataflows = mapValues(all, withoutAioFields);
  const { logLevel, drainTimeoutSeconds } = knownFields(relay);
  const { instanceCount, metricsPort, status, statusPage, proxy } = relay;
  const configs = endpoints.map(
    ({ name, hostType, fields }, number) =>
      [name, buildEndpointConfig(hostType, knownEndpoint(hostType, fields, number))] as const,
  );
  const plain = { dataflows, instanceCount, metricsPort, status, statusPage, proxy };
  return { ...plain, site, logLevel, drainTimeoutSeconds, endpoints: Object.fromEntries(configs) };
}
