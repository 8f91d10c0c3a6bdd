import { checkSessionLimit } from "../../components/checks/session-limit.ts";
import { PublicNetworkAccess } from "../../components/enumerations.ts";
import { minimumTlsVersion } from "../../components/event-grid/tls.ts";
import { isAzureType, objectAt, say } from "../inputs.ts";
import { isProduction, productionSchema } from "../production.ts";
import type { CheckedResource, Rule } from "../rule.ts";

export const namespaceTls: Rule = {
  name: "event-grid-tls-version",
  description: `Event Grid namespaces take TLS ${minimumTlsVersion} or newer only.`,
  source: "Azure REST API, Namespaces (2025-02-15), minimumTlsVersionAllowed",
  enforcementLevel: "mandatory",
  severity: "high",
  check: ({ type, props }) => {
    if (!isNamespace(type)) return [];
    const version = props["minimumTlsVersionAllowed"];
    if (typeof version === "string" && Number(version) >= Number(minimumTlsVersion)) return [];
    return [{ path: "minimumTlsVersionAllowed", problem: say(version), remedy: `set it to "${minimumTlsVersion}"` }];
  },
};

export const namespaceSessions: Rule = {
  name: "event-grid-client-sessions",
  description: "Event Grid namespaces allow one authentication name enough sessions for dataflows to scale.",
  source: "Specification, Enable MQTT; Event Grid, quotas (2025-07-30)",
  enforcementLevel: "mandatory",
  severity: "medium",
  check: (resource) => {
    if (!hasMqtt(resource)) return [];
    const name = "maximumClientSessionsPerAuthenticationName";
    const path = `topicSpacesConfiguration.${name}`;
    const limit = objectAt(resource.props, "topicSpacesConfiguration")[name];
    // What Azure fills in is one session.
    return checkSessionLimit(path, typeof limit === "number" ? limit : 1);
  },
};

export const namespacePublicAccess: Rule = {
  name: "event-grid-public-access",
  description: "Event Grid namespaces in production are closed to public networks.",
  source: "Azure REST API, Namespaces (2025-02-15), publicNetworkAccess",
  enforcementLevel: "mandatory",
  severity: "high",
  configSchema: productionSchema,
  check: (resource, config) => {
    if (!isNamespace(resource.type) || !isProduction(resource, config)) return [];
    const access = resource.props["publicNetworkAccess"];
    if (access === PublicNetworkAccess.Disabled) return [];
    const remedy = `set it to "${PublicNetworkAccess.Disabled}" and give the namespace a private endpoint`;
    return [
      {
        path: "publicNetworkAccess",
        problem: `${say(access)}, and stack "${resource.stack}" is in production`,
        remedy,
      },
    ];
  },
};

function isNamespace(type: string): boolean {
  return isAzureType(type, "eventgrid:Namespace");
}

function hasMqtt({ type, props }: CheckedResource): boolean {
  return isNamespace(type) && objectAt(props, "topicSpacesConfiguration")["state"] === "Enabled";
}
