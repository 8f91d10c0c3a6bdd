import { isIP } from "node:net";

import type { Problem } from "../../runtime/contract/errors.ts";
import { judgeClientCas } from "../certificates.ts";
import { checkClientAuthentication } from "../checks/client-authentication.ts";
import { checkCustomDomains } from "../checks/custom-domains.ts";
import { checkDiagnosticSettings } from "../checks/namespace-diagnostics.ts";
import { checkUsedIdentities } from "../checks/namespace-identity.ts";
import { checkLocks, lockWarnings } from "../checks/namespace-lock.ts";
import { checkRoleAssignments } from "../checks/namespace-roles.ts";
import { checkRouting } from "../checks/namespace-routing.ts";
import { checkTopics } from "../checks/namespace-topics.ts";
import { checkPrivateEndpoints } from "../checks/private-endpoints.ts";
import { byRule } from "../checks/rules.ts";
import { checkSessionLimit } from "../checks/session-limit.ts";
import { isKnown } from "../known.ts";
import { capacityBounds, eventGridName, eventGridNameRule } from "./quotas.ts";
import type { EventGridBrokerArgs } from "./settings.ts";
import { checkTopicSpaces } from "./topic-spaces.ts";
import { checkX509Clients } from "./x509.ts";

/** Lists what is wrong with a broker's arguments as far as they are known. */
export function checkEventGridBroker(args: EventGridBrokerArgs): Problem[] {
  const { maximumClientSessionsPerAuthenticationName: limit, maximumSessionExpiryInHours: hours, capacity } = args;
  const x509 = checkX509Clients(args.x509 ?? {}, Object.keys(args.topicSpaces));
  return [
    ...checkName(args.namespaceName),
    ...checkTopicSpaces(args.topicSpaces),
    ...(limit !== undefined && isKnown(limit) ? checkSessionLimit(sessionLimitField, limit) : []),
    ...(hours !== undefined && isKnown(hours) ? checkSessionExpiry(hours) : []),
    ...(capacity !== undefined && isKnown(capacity) ? checkCapacity(capacity) : []),
    ...checkAuthenticationNameSources(args),
    ...checkInboundIpRules(args),
    ...checkUsedIdentities(args),
    ...checkRouting(args),
    ...checkTopics(args),
    ...checkCustomDomains(args),
    ...checkClientAuthentication(args),
    ...checkPrivateEndpoints(args),
    ...checkDiagnosticSettings(args),
    ...checkRoleAssignments(args),
    ...checkLocks(args),
    ...x509.map(({ path, ...problem }) => ({ path: `x509.${path}`, ...problem })),
  ];
}

/** Lists what works and is rarely meant. */
export function eventGridBrokerWarnings(args: EventGridBrokerArgs): Problem[] {
  return [...networkWarnings(args), ...lockWarnings(args), ...judgeClientCas("x509.", args.x509 ?? {}).warnings];
}

function networkWarnings(args: EventGridBrokerArgs): Problem[] {
  const { publicNetworkAccess, privateEndpoints, inboundIpRules } = args;
  if (publicNetworkAccess === undefined) return byRule("namespace-network", findUnsaidAccess(args));
  if (publicNetworkAccess !== "Disabled") return [];
  const problems: Problem[] = [];
  if (Object.keys(privateEndpoints ?? {}).length === 0) {
    const problem = "is Disabled, and no private endpoint is declared here";
    const remedy = "add privateEndpoints, unless another stack creates one: nobody reaches the broker without";
    problems.push({ path: "publicNetworkAccess", problem, remedy });
  }
  // Azure takes the rules and keeps them for the day on which the namespace is opened again.
  if (inboundIpRules !== undefined) {
    const problem = "is set, and Azure applies it only while publicNetworkAccess is Enabled";
    problems.push({ path: "inboundIpRules", problem, remedy: "remove it, or enable publicNetworkAccess" });
  }
  return byRule("namespace-network", problems);
}

/** A private endpoint closes nothing: until somebody says otherwise, public networks reach the namespace too. */
function findUnsaidAccess({ privateEndpoints, inboundIpRules = [] }: EventGridBrokerArgs): Problem[] {
  const names = Object.keys(privateEndpoints ?? {});
  // Whoever lists public addresses wants them let in.
  if (names.length === 0 || inboundIpRules.length > 0) return [];
  const problem = `is omitted, so that public networks reach the namespace beside privateEndpoints.${names[0]}`;
  const remedy = 'set it to "Disabled", or to "Enabled" to say that both are meant';
  return [{ path: "publicNetworkAccess", problem, remedy }];
}

const sessionLimitField = "maximumClientSessionsPerAuthenticationName";

function checkName(name: EventGridBrokerArgs["namespaceName"]): Problem[] {
  if (name === undefined || !isKnown(name) || eventGridName.test(name)) return [];
  const problem = `is "${name}", which is no name for a namespace`;
  return byRule("namespace-bounds", [{ path: "namespaceName", problem, remedy: `name it with ${eventGridNameRule}` }]);
}

/** @see Azure REST API, Namespaces (2025-02-15), TopicSpacesConfiguration */
function checkSessionExpiry(hours: number): Problem[] {
  if (Number.isInteger(hours) && hours >= 1 && hours <= 8) return [];
  const problem = `is ${hours} h, outside what Event Grid has`;
  const remedy = "give a whole number from 1 to 8";
  return byRule("namespace-bounds", [{ path: "maximumSessionExpiryInHours", problem, remedy }]);
}

function checkCapacity(units: number): Problem[] {
  const { min, max } = capacityBounds;
  if (Number.isInteger(units) && units >= min && units <= max) return [];
  const problem = `is ${units} throughput units, outside what Event Grid has`;
  return byRule("namespace-bounds", [
    { path: "capacity", problem, remedy: `give a whole number from ${min} to ${max}` },
  ]);
}

function checkAuthenticationNameSources({ authenticationNameSources: sources }: EventGridBrokerArgs): Problem[] {
  if (sources === undefined || (sources.length > 0 && new Set(sources).size === sources.length)) return [];
  const problem = sources.length === 0 ? "is empty" : "lists a field twice";
  const remedy = "list each field of the certificate once, the first choice first, or leave it out";
  return byRule("authentication-name", [{ path: "authenticationNameSources", problem, remedy }]);
}

function checkInboundIpRules({ inboundIpRules }: EventGridBrokerArgs): Problem[] {
  if (inboundIpRules === undefined) return [];
  const problems = inboundIpRules.flatMap((rule, index) => {
    if (!isKnown(rule) || isAddressRange(rule)) return [];
    const problem = `is "${rule}", which is no range of addresses`;
    return [{ path: `inboundIpRules[${index}]`, problem, remedy: 'give an address or a range, "203.0.113.0/24"' }];
  });
  return byRule("namespace-network", problems);
}

/** Tells whether a text is an IP address, or one with the length of a prefix: `203.0.113.0/24`. */
export function isAddressRange(text: string): boolean {
  const [address = "", prefix, ...rest] = text.split("/");
  const family = isIP(address);
  if (family === 0 || rest.length > 0) return false;
  return prefix === undefined || (/^\d{1,3}$/.test(prefix) && Number(prefix) <= (family === 4 ? 32 : 128));
}
