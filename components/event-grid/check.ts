import { isIP } from "node:net";

import type { Problem } from "../../runtime/errors.ts";
import { byRule } from "../checks/rules.ts";
import { checkSessionLimit } from "../checks/session-limit.ts";
import type { EventGridBrokerArgs } from "../event-grid-broker.ts";
import { isKnown } from "../known.ts";
import type { NamespaceIdentityArgs } from "./settings.ts";
import { checkTopicSpaces } from "./topic-spaces.ts";
import { checkX509Clients, eventGridName, eventGridNameRule } from "./x509.ts";

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
    ...x509.map(({ path, ...problem }) => ({ path: `x509.${path}`, ...problem })),
  ];
}

/** Lists what works and is rarely meant. */
export function eventGridBrokerWarnings({ publicNetworkAccess, privateEndpoints }: EventGridBrokerArgs): Problem[] {
  if (publicNetworkAccess !== "Disabled" || Object.keys(privateEndpoints ?? {}).length > 0) return [];
  const problem = "is Disabled, and no private endpoint is declared here";
  const remedy = "add privateEndpoints, unless another stack creates one: nobody reaches the broker without";
  return byRule("namespace-network", [{ path: "publicNetworkAccess", problem, remedy }]);
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

/** @see Event Grid, quotas (2025-07-30) */
function checkCapacity(units: number): Problem[] {
  if (Number.isInteger(units) && units >= 1 && units <= 40) return [];
  const problem = `is ${units} throughput units, outside what Event Grid has`;
  return byRule("namespace-bounds", [{ path: "capacity", problem, remedy: "give a whole number from 1 to 40" }]);
}

/** The generic resource that they make of the namespace has neither a name nor a region by default. */
function checkAuthenticationNameSources(args: EventGridBrokerArgs): Problem[] {
  const { authenticationNameSources: sources } = args;
  if (sources === undefined) return [];
  const problems: Problem[] = (["namespaceName", "location"] as const)
    .filter((field) => args[field] === undefined)
    .map((field) => ({
      path: field,
      problem: "is missing, and a namespace with authenticationNameSources has no default for it",
      remedy: "add it, or send the authentication name as user name instead",
    }));
  if (sources.length === 0 || new Set(sources).size < sources.length) {
    const problem = sources.length === 0 ? "is empty" : "lists a field twice";
    const remedy = "list each field of the certificate once, the first choice first, or leave it out";
    problems.push({ path: "authenticationNameSources", problem, remedy });
  }
  return byRule("authentication-name", problems);
}

function checkInboundIpRules({ inboundIpRules, publicNetworkAccess }: EventGridBrokerArgs): Problem[] {
  if (inboundIpRules === undefined) return [];
  const problems = inboundIpRules.flatMap((rule, index) => {
    if (!isKnown(rule) || isAddressRange(rule)) return [];
    const problem = `is "${rule}", which is no range of addresses`;
    return [{ path: `inboundIpRules[${index}]`, problem, remedy: 'give an address or a range, "203.0.113.0/24"' }];
  });
  if (publicNetworkAccess === "Disabled") {
    const problem = "is set, and publicNetworkAccess is Disabled";
    problems.push({ path: "inboundIpRules", problem, remedy: "remove it, or enable publicNetworkAccess" });
  }
  return byRule("namespace-network", problems);
}

/** Tells whether a text is an IP address, or one with the length of a prefix: `203.0.113.0/24`. */
export function isAddressRange(text: string): boolean {
  const [address = "", prefix, ...rest] = text.split("/");
  const family = isIP(address);
  if (family === 0 || rest.length > 0) return false;
  return prefix === undefined || (/^\d{1,3}$/.test(prefix) && Number(prefix) <= (family === 4 ? 32 : 128));
}

/** Routing sends, and custom domains read their certificate, with an identity of the namespace. */
function checkUsedIdentities({ identity, routing, customDomains }: EventGridBrokerArgs): Problem[] {
  const users = [
    ...(routing === undefined ? [] : [{ path: "routing", ...routing }]),
    ...(customDomains ?? []).map((domain, index) => ({ path: `customDomains[${index}]`, ...domain })),
  ];
  const problems = users.flatMap(({ path, userAssignedIdentityId: used }) => checkUsedIdentity(path, used, identity));
  return byRule("namespace-identity", problems);
}

function checkUsedIdentity(
  path: string,
  used: NonNullable<EventGridBrokerArgs["routing"]>["userAssignedIdentityId"],
  identity: NamespaceIdentityArgs | undefined,
): Problem[] {
  if (used === undefined) {
    if (identity?.systemAssigned === true) return [];
    const problem = "is set, and the namespace has no identity to use for it";
    return [{ path, problem, remedy: "set identity.systemAssigned, or name a userAssignedIdentityId" }];
  }
  const ids = identity?.userAssignedIdentityIds ?? [];
  if (!isKnown(used) || !ids.every(isKnown) || ids.includes(used)) return [];
  const problem = `is "${used}", which is none of the namespace's identities`;
  const remedy = "add it to identity.userAssignedIdentityIds";
  return [{ path: `${path}.userAssignedIdentityId`, problem, remedy }];
}
