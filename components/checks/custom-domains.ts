import type * as pulumi from "@pulumi/pulumi";

import type { Problem } from "../../runtime/contract/errors.ts";
import type { CustomDomainArgs, EventGridBrokerArgs } from "../event-grid/settings.ts";
import { isKnown } from "../known.ts";
import { byRule } from "./rules.ts";

/** Lists custom domains that Event Grid refuses. @see Event Grid, Custom domain names (2024-11-18), Limitations */
export function checkCustomDomains({ customDomains = [], topicCustomDomains = [] }: EventGridBrokerArgs): Problem[] {
  const all = [...withPaths("customDomains", customDomains), ...withPaths("topicCustomDomains", topicCustomDomains)];
  return byRule("custom-domains", [
    ...all.flatMap(([path, domain]) => [
      ...checkName(path, domain),
      ...checkCertificateUrl(`${path}.certificateUrl`, domain.certificateUrl),
    ]),
    ...findTwice(all),
  ]);
}

type PlacedDomain = readonly [string, CustomDomainArgs];

function withPaths(field: string, domains: readonly CustomDomainArgs[]): PlacedDomain[] {
  return domains.map((domain, index) => [`${field}[${index}]`, domain] as const);
}

const label = "[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?";
const hostName = new RegExp(`^(?=.{1,253}$)${label}(\\.${label})+$`, "i");

function checkName(path: string, { fullyQualifiedDomainName: name }: CustomDomainArgs): Problem[] {
  if (!isKnown(name) || hostName.test(name)) return [];
  const problem = `is "${name}", which is no host name`;
  const remedy = 'give the whole name without scheme and port, such as "mqtt.contoso.com"';
  return [{ path: `${path}.fullyQualifiedDomainName`, problem, remedy }];
}

function findTwice(domains: readonly PlacedDomain[]): Problem[] {
  const seen = new Map<string, string>();
  return domains.flatMap(([path, { fullyQualifiedDomainName: name }]) => {
    if (!isKnown(name)) return [];
    const first = seen.get(name.toLowerCase());
    seen.set(name.toLowerCase(), first ?? path);
    if (first === undefined) return [];
    const problem = `is "${name}", as ${first} is: Event Grid takes a name once, for MQTT or for topics`;
    return [{ path: `${path}.fullyQualifiedDomainName`, problem, remedy: "give the other one a name of its own" }];
  });
}

const vaultCertificate = /^https:\/\/[^/?#]+\/certificates\/[^/?#]+(\/[^/?#]+)?$/i;

/**
 * A certificate in Key Vault: of a custom domain without a version, so that its successor is used too; of a token's issuer with one.
 * @see Azure REST API, Namespaces (2025-04-01-preview), CustomDomainConfiguration and IssuerCertificateInfo
 */
export function checkCertificateUrl(path: string, url: pulumi.Input<string>, { isVersioned = false } = {}): Problem[] {
  if (!isKnown(url)) return [];
  const version = vaultCertificate.exec(url)?.[1];
  if (vaultCertificate.test(url) && (isVersioned || version === undefined)) return [];
  const problem = `is "${url}", which is ${version === undefined ? "no certificate in Key Vault" : "one version of a certificate"}`;
  const form = `https://<vault>.vault.azure.net/certificates/<name>${isVersioned ? "/<version>" : ", without a version"}`;
  return [{ path, problem, remedy: `give the certificate's URL, ${form}` }];
}
