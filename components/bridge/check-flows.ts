import { formatProblem, type Problem } from "../../runtime/contract/errors.ts";
import { warnOfRetain } from "../../runtime/contract/config/warnings.ts";
import { findUnusedByRelay } from "../aio/operations.ts";
import {
  findForeignAudience,
  findForgottenShares,
  findUnrememberedFilters,
  findDeepLevels,
  findOverlappingFilters,
} from "../checks/flow-warnings.ts";
import { checkClientIds } from "../checks/client-ids.ts";
import { checkLoad } from "../checks/load.ts";
import type { ExpectedLoad } from "../checks/load.ts";
import { checkLoops } from "../checks/loops.ts";
import type { Flow } from "../checks/loops.ts";
import { byRule } from "../checks/rules.ts";
import { checkSessionExpiry } from "../checks/session-limit.ts";
import { checkX509Access, findPartialPermissions } from "../checks/x509-access.ts";
import type { X509Access } from "../checks/x509-access.ts";
import { defaultSessionExpiryHours } from "../event-grid/namespace.ts";
import { defaultCapacity } from "../event-grid/quotas.ts";
import { givenFields, isKnown } from "../known.ts";
import { usesVolume } from "../relay/volume.ts";
import { findDescribedEndpoints } from "./check-existing-endpoints.ts";
import { enabledDataflows } from "./plan.ts";
import type { Plan, PlannedDataflow, PlannedEndpoint } from "./plan.ts";
import { listEnds, listSessions } from "./sessions.ts";
import { neededTopics } from "./topics.ts";

/** Lists what dataflows and endpoints would do to each other, and to the namespace, as far as it is known. */
export function checkFlows(plan: Plan): Problem[] {
  return [
    ...checkLoops(listUnboundedFlows(plan)),
    ...checkClientIds(listSessions(plan)),
    ...checkExpectedLoad(plan),
    ...checkSessionExpiries(plan),
    ...listCertificates(plan).flatMap(checkX509Access),
  ];
}

/** Lists what works and is rarely meant. */
export function findFlowWarnings(plan: Plan): Problem[] {
  return [
    ...enabledDataflows(plan).flatMap(({ path, args: { dataSources, dataDestination } }) => [
      ...findOverlappingFilters(`${path}.dataSources`, dataSources),
      ...findDeepLevels(`${path}.dataDestination`, dataDestination, dataSources),
    ]),
    ...plan.dataflows.flatMap(({ path, args, isForAio }) => (isForAio ? [] : findUnusedByRelay(path, args))),
    ...findSubscriptionLosses(plan),
    ...listCertificates(plan).flatMap(findPartialPermissions),
    ...findUnsaidRetain(plan),
    ...findDescribedEndpoints(plan),
    ...plan.endpoints
      .filter(({ hostType }) => hostType === "CustomMqtt")
      .flatMap(({ path, fields }) => findForeignAudience(`${path}.`, fields.authenticationMethod, givenFields(fields))),
  ];
}

/** Subscriptions that a broker forgets, or that it keeps although the dataflow has them no more. */
function findSubscriptionLosses(plan: Plan): Problem[] {
  const found = enabledDataflows(plan).flatMap(findLossesAtSource);
  // Dataflows of one source and one profile have their number of instances in common.
  return [...new Map(found.map((problem) => [formatProblem(problem), problem])).values()];
}

function findLossesAtSource({ name, path, args, isForAio, instanceCount, source }: PlannedDataflow): Problem[] {
  // Where nothing is kept, a warning about that says more.
  if (source === undefined || source.fields.qos === 0 || source.fields.sessionExpirySeconds === 0) return [];
  if (source.hostType === "CustomMqtt") {
    const profile = isForAio ? "dataflowProfile" : "relay";
    const paths = { instanceCount: `${profile}.instanceCount`, dataSources: `${path}.dataSources` };
    return findForgottenShares({ endpoint: source.name, dataSources: args.dataSources, instanceCount, paths });
  }
  const hasDisk = usesVolume({ [name]: args }, { [source.name]: source.hostType });
  if (source.hostType !== "EventGrid" || isForAio || hasDisk) return [];
  return findUnrememberedFilters(`${path}.spool.mode`, source.name);
}

/** What is rendered has every default explicit, and can't tell any more what nobody has said. */
function findUnsaidRetain({ endpoints, dataflows }: Plan): Problem[] {
  const publishing = (endpoint: PlannedEndpoint) => {
    const isForAio = dataflows.flatMap((dataflow) => (dataflow.destination === endpoint ? [dataflow.isForAio] : []));
    return [
      ...(isForAio.includes(false) ? (["Relay"] as const) : []),
      ...(isForAio.includes(true) ? (["AzureIoTOperations"] as const) : []),
    ];
  };
  const unsaid = endpoints.filter((endpoint) => {
    const { hostType, existing, fields } = endpoint;
    const isUnsaid = !existing && fields.retain === undefined;
    return hostType === "EventGrid" && isUnsaid && publishing(endpoint).length > 0;
  });
  return byRule(
    "retain",
    unsaid.map((endpoint) => warnOfRetain(`${endpoint.path}.retain`, publishing(endpoint))),
  );
}

/** Without those that discard what has passed so many relays as they say: who declares that means the circle, and it ends there. */
function listUnboundedFlows(plan: Plan): Flow[] {
  const flows = enabledDataflows(plan).filter(
    ({ isForAio, args: { maxHops, undeliverableMessages } }) =>
      isForAio || maxHops === undefined || undeliverableMessages !== "Discard",
  );
  return flows.map(({ name, args, source, destination }) => ({
    name,
    sourceBroker: source?.broker ?? args.source,
    dataSources: args.dataSources,
    destinationBroker: destination?.broker ?? args.destination,
    dataDestination: args.dataDestination,
    isWithinEndpoint: args.source === args.destination,
  }));
}

function checkExpectedLoad(plan: Plan): Problem[] {
  const capacity = plan.args.eventGrid?.capacity ?? defaultCapacity;
  if (!isKnown(capacity)) return [];
  const loads = listEnds(plan).flatMap(({ side, dataflow, endpoint }): ExpectedLoad[] => {
    const { path, instanceCount, args } = dataflow;
    const { expectedMessagesPerSecond: messagesPerSecond, expectedMessageBytes: bytesPerMessage } = args;
    if (messagesPerSecond === undefined || !endpoint.isAtOwnNamespace) return [];
    return [{ path, messagesPerSecond, bytesPerMessage, sessions: instanceCount, end: side }];
  });
  return checkLoad("eventGrid.capacity", capacity, loads);
}

function checkSessionExpiries(plan: Plan): Problem[] {
  const hours = plan.args.eventGrid?.maximumSessionExpiryInHours ?? defaultSessionExpiryHours;
  if (!isKnown(hours)) return [];
  const sources = new Set(enabledDataflows(plan).map(({ source }) => source));
  return plan.endpoints
    .filter((endpoint) => endpoint.isAtOwnNamespace && sources.has(endpoint))
    .flatMap(({ path, fields: { sessionExpirySeconds: seconds } }) =>
      seconds !== undefined && isKnown(seconds)
        ? checkSessionExpiry(`${path}.sessionExpirySeconds`, seconds, hours)
        : [],
    );
}

/** The client certificate that a bridge puts into a Secret, where it is known. */
function presentedCertificate({ args: { relay } }: Plan, secretRef: unknown): X509Access["certificate"] {
  const pem = typeof secretRef === "string" ? relay?.secrets?.[secretRef]?.clientCertificate : undefined;
  return typeof pem === "string" ? { path: `relay.secrets.${String(secretRef)}.clientCertificate`, pem } : undefined;
}

/** The endpoints that authenticate with a certificate at the namespace that the bridge creates. */
function listCertificates(plan: Plan): X509Access[] {
  const { eventGrid } = plan.args;
  if (eventGrid === undefined) return [];
  return plan.endpoints
    .filter(({ isAtOwnNamespace, fields }) => isAtOwnNamespace && fields.authenticationMethod === "X509Certificate")
    .map((endpoint) => {
      const { path, fields } = endpoint;
      const { username } = fields;
      const isUsernameKnown = username === undefined || isKnown(username);
      return {
        path,
        certificate: presentedCertificate(plan, fields.secretRef),
        username: isUsernameKnown ? username : "",
        isUsernameKnown,
        hasNameSources: (eventGrid.authenticationNameSources ?? []).length > 0,
        x509: eventGrid.x509 ?? {},
        topicSpaces: eventGrid.topicSpaces,
        ...neededTopics(plan, (end) => end.endpoint === endpoint),
      };
    });
}
