import { countProblems } from "../../runtime/contract/config/limits.ts";
import type { Problem } from "../../runtime/contract/errors.ts";
import { findBridgeSecretWarnings } from "../certificates.ts";
import { checkGitOps } from "../checks/git-ops.ts";
import { findMovingImage, checkNodeIdentity, checkTrustBundle } from "../checks/relay-pod.ts";
import { checkTopicCoverage } from "../checks/topic-coverage.ts";
import { checkKnownEndpoint } from "../endpoint/check-endpoint.ts";
import { lockWarnings } from "../checks/namespace-lock.ts";
import { checkEventGridBroker } from "../event-grid/check-broker.ts";
import { isKnown } from "../known.ts";
import { checkRelaySettings } from "../relay/check-settings.ts";
import { checkVolume } from "../relay/volume.ts";
import { checkAio } from "./check-aio.ts";
import { checkDataflows, warnOfAio } from "./check-dataflows.ts";
import { checkBridgeFiles, checkBridgeSecretUses } from "./check-files.ts";
import { checkExistingNamespaces, checkExistingTopics } from "./check-existing-namespaces.ts";
import { checkOwnRoles } from "./check-own-roles.ts";
import { checkFlows, findFlowWarnings } from "./check-flows.ts";
import { checkFurtherIdentities, findUntrustedRelay } from "./identity-uses.ts";
import type { Plan, PlannedEndpoint } from "./plan.ts";
import { checkSessionLimits } from "./sessions.ts";
import { neededTopics } from "./topics.ts";

/** What a preview can say about a declaration before anything is created. */
export interface BridgeFindings {
  readonly problems: readonly Problem[];
  /** What works and may still lose messages; the configuration's own warnings come when it is rendered. */
  readonly warnings: readonly Problem[];
}

/** Checks a plan as far as it is known: each part by itself, and the parts against each other. */
export function checkPlan(plan: Plan): BridgeFindings {
  const tooMany = checkCounts(plan);
  // Rules compare them with each other, so the number comes first.
  if (tooMany.length > 0) return { problems: tooMany, warnings: [] };
  const topics = checkTopics(plan);
  const files = checkBridgeFiles(plan);
  const problems = [
    ...checkSite(plan),
    ...checkNames(plan),
    ...checkHosts(plan),
    ...checkExistingNamespaces(plan),
    ...checkFurtherIdentities(plan),
    ...plan.endpoints.flatMap((endpoint) => checkEndpoint(plan, endpoint)),
    ...checkLocalTrust(plan),
    ...files.problems,
    ...checkBridgeSecretUses(plan),
    ...checkStatus(plan),
    ...checkDataflows(plan),
    ...checkAio(plan),
    ...checkNamespace(plan),
    ...checkSessionLimits(plan),
    ...topics.problems,
    ...checkFlows(plan),
    ...checkGitOps("gitOps", plan.args.gitOps, Object.keys(plan.args.relay?.secrets ?? {})),
    ...checkRelay(plan),
  ];
  const warnings = [
    ...topics.warnings,
    ...findFlowWarnings(plan),
    // The broker in the bridge has no lock: the bridge locks the roles as well.
    ...prefixed("eventGrid", plan.args.eventGrid === undefined ? [] : lockWarnings(plan.args.eventGrid)),
    ...findImageWarnings(plan),
    ...findBridgeSecretWarnings(plan.args),
    ...files.warnings,
    ...findUntrustedRelay(plan),
  ];
  return { problems, warnings: problems.length > 0 ? warnings : [...warnings, ...warnOfAio(plan)] };
}

function checkCounts({ endpoints, dataflows }: Plan): Problem[] {
  const dataSources = dataflows.reduce((total, { args }) => total + args.dataSources.length, 0);
  const count = { endpoints: endpoints.length, dataflows: dataflows.length, dataSources };
  return countProblems(count, (part) => (part === "endpoints" ? endpointLists : part));
}

const endpointLists = "localEndpoints, eventGridEndpoints, customEndpoints";

function checkSite({ args: { site } }: Plan): Problem[] {
  if (/^[A-Za-z0-9]([A-Za-z0-9-]{0,38}[A-Za-z0-9])?$/.test(site)) return [];
  const remedy = 'name it with at most 40 letters, digits and "-"; client identifiers begin with it';
  return [{ path: "site", problem: `is ${JSON.stringify(site)}`, remedy }];
}

function checkNames({ endpoints }: Plan): Problem[] {
  const remedy = "rename one; dataflows refer to both by it";
  return endpoints.flatMap(({ name, path }, index) => {
    const first = endpoints.findIndex((other) => other.name === name);
    return first === index ? [] : [{ path, problem: `has the same name as ${endpoints[first]?.path}`, remedy }];
  });
}

function checkHosts({ args: { eventGrid, eventGridEndpoints } }: Plan): Problem[] {
  if (eventGrid !== undefined) return [];
  const remedy = 'give the host of an existing namespace, "<hostname>:8883", or add eventGrid to create one';
  return Object.entries(eventGridEndpoints ?? {})
    .filter(([, { host }]) => host === undefined)
    .map(([name]) => ({ path: `eventGridEndpoints.${name}.host`, problem: "is missing", remedy }));
}

function checkEndpoint({ args }: Plan, { path, hostType, fields, isRelayed }: PlannedEndpoint): Problem[] {
  const method = fields.authenticationMethod;
  const at = `${path}.authenticationMethod`;
  const hasIds = fields.clientId !== undefined || fields.tenantId !== undefined;
  const needsIdentity = method === "UserAssignedManagedIdentity" && !hasIds;
  const remedy = "add identity, or clientId and tenantId at the endpoint, or use another authenticationMethod";
  const problem = `is ${method}, and neither the endpoint nor the bridge has an identity`;
  const identity = { path: at, problem, remedy };
  return [
    ...(needsIdentity ? [identity] : checkKnownEndpoint(`${path}.`, hostType, fields)),
    ...(isRelayed ? checkNodeIdentity(at, method, args.relay?.useNodeIdentity ?? false) : []),
  ];
}

function checkLocalTrust({ endpoints, relayNamespace }: Plan): Problem[] {
  if (!isKnown(relayNamespace)) return [];
  return endpoints
    .filter(({ hostType, isRelayed }) => hostType === "LocalBroker" && isRelayed)
    .flatMap(({ path, args: { tlsMode, trustedCaCertificateConfigMapRef: ref } }) => {
      const configMapRef = ref === undefined || isKnown(ref) ? ref : "stand-in";
      const trust = { namespace: relayNamespace, usesTls: tlsMode !== "Disabled", configMapRef };
      return checkTrustBundle(`${path}.trustedCaCertificateConfigMapRef`, trust);
    });
}

/** At Event Grid the status would need a role and a topic space of its own, which no dataflow calls for. */
function checkStatus({ args: { eventGridEndpoints, relay } }: Plan): Problem[] {
  const status = relay?.status;
  if (status === undefined || eventGridEndpoints?.[status.endpoint] === undefined) return [];
  const problem = `is "${status.endpoint}", which is at Event Grid`;
  const remedy = "publish it at a local or custom endpoint, and take it to the cloud by a dataflow";
  return [{ path: "relay.status.endpoint", problem, remedy }];
}

function checkNamespace(plan: Plan): Problem[] {
  const { eventGrid } = plan.args;
  if (eventGrid === undefined) return [];
  return [...prefixed("eventGrid", checkEventGridBroker(eventGrid)), ...checkOwnRoles(plan)];
}

function checkTopics(plan: Plan) {
  const { published, subscribed } = neededTopics(plan, ({ endpoint }) => endpoint.isAtOwnNamespace);
  const own = checkTopicCoverage([...published, ...subscribed], plan.args.eventGrid?.topicSpaces ?? {});
  const { problems, warnings } = checkExistingTopics(plan);
  return { problems: [...own.problems, ...problems], warnings: [...own.warnings, ...warnings] };
}

function checkRelay({ name, args, endpoints, hasRelay }: Plan): Problem[] {
  if (args.relay === undefined || !hasRelay) return [];
  const hostTypes = Object.fromEntries(endpoints.map((endpoint) => [endpoint.name, endpoint.hostType]));
  const problems = [
    ...checkRelaySettings(`${name}-relay`, args.relay, args, Object.keys(hostTypes)),
    ...checkVolume(args.relay.volume ?? {}, args.dataflows, hostTypes),
  ];
  return prefixed("relay", problems).map(outsideRelay);
}

function findImageWarnings({ args: { relay } }: Plan): Problem[] {
  return relay !== undefined && isKnown(relay.image) ? findMovingImage("relay.image", relay.image) : [];
}

function prefixed(prefix: string, problems: readonly Problem[]): Problem[] {
  return problems.map(({ path, ...problem }) => ({ path: `${prefix}.${path}`, ...problem }));
}

/** The bridge's name and identity are no settings of the relay, though its rules are about them too. */
function outsideRelay({ path, ...problem }: Problem): Problem {
  return { path: path.replace(/^relay\.(?=name$|identity\.|furtherIdentities\.)/, ""), ...problem };
}
