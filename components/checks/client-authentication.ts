import type { Problem } from "../../runtime/contract/errors.ts";
import type { CustomJwtAuthenticationArgs, WebhookAuthenticationArgs } from "../event-grid/client-authentication.ts";
import type { EventGridBrokerArgs } from "../event-grid/settings.ts";
import { isKnown } from "../known.ts";
import { checkCertificateUrl } from "./custom-domains.ts";
import { byRule } from "./rules.ts";

/** Certificates of one issuer that Key Vault holds. @see Azure REST API, Namespaces (2025-04-01-preview), CustomJwtAuthenticationSettings */
const mostIssuerCertificates = 2;

/** Lists client authentication by tokens of other issuers and by webhooks that Event Grid refuses, or that lets nobody in. */
export function checkClientAuthentication(args: EventGridBrokerArgs): Problem[] {
  const { customJwtAuthentication: jwt, webhookAuthentication: webhook } = args;
  return byRule("client-authentication", [
    ...(jwt === undefined ? [] : checkCustomJwt("customJwtAuthentication", jwt)),
    ...(webhook === undefined ? [] : checkWebhook("webhookAuthentication", webhook)),
  ]);
}

function checkCustomJwt(path: string, jwt: CustomJwtAuthenticationArgs): Problem[] {
  const { tokenIssuer, issuerCertificates = [], encodedIssuerCertificates = [] } = jwt;
  const problems: Problem[] = [];
  if (isKnown(tokenIssuer) && tokenIssuer.trim() === "") {
    const remedy = "give the issuer as tokens have it in their claim iss";
    problems.push({ path: `${path}.tokenIssuer`, problem: "is empty", remedy });
  }
  if (issuerCertificates.length + encodedIssuerCertificates.length === 0) {
    const remedy = "add issuerCertificates from Key Vault, or encodedIssuerCertificates";
    problems.push({ path, problem: "has no certificate to check tokens with", remedy });
  }
  if (issuerCertificates.length > mostIssuerCertificates) {
    const problem = `lists ${issuerCertificates.length}, more than the ${mostIssuerCertificates} that Event Grid takes`;
    problems.push({ path: `${path}.issuerCertificates`, problem, remedy: "keep the one in use and its successor" });
  }
  return [
    ...problems,
    ...issuerCertificates.flatMap(({ certificateUrl }, index) =>
      checkCertificateUrl(`${path}.issuerCertificates[${index}].certificateUrl`, certificateUrl, { isVersioned: true }),
    ),
    ...checkEncoded(`${path}.encodedIssuerCertificates`, encodedIssuerCertificates),
  ];
}

function checkEncoded(
  path: string,
  certificates: NonNullable<CustomJwtAuthenticationArgs["encodedIssuerCertificates"]>,
): Problem[] {
  const kids = certificates.map(({ kid }) => kid);
  return certificates.flatMap(({ kid, encodedCertificate: pem }, index) => {
    const problems: Problem[] = [];
    if (isKnown(kid) && kids.indexOf(kid) !== index) {
      const problem = `is "${kid}", which another certificate has too`;
      problems.push({
        path: `${path}[${index}].kid`,
        problem,
        remedy: "give each certificate an identifier of its own",
      });
    }
    if (!isKnown(pem)) return problems;
    const at = `${path}[${index}].encodedCertificate`;
    if (pem.includes("PRIVATE KEY-----")) {
      const remedy = "give the certificate alone: Event Grid checks tokens, and signs none";
      problems.push({ path: at, problem: "holds a private key", remedy });
    } else if (!pem.includes("-----BEGIN CERTIFICATE-----")) {
      const remedy = "give the certificate with its lines BEGIN CERTIFICATE and END CERTIFICATE";
      problems.push({ path: at, problem: "is no certificate in PEM format", remedy });
    }
    return problems;
  });
}

function checkWebhook(path: string, webhook: WebhookAuthenticationArgs): Problem[] {
  const { endpointUrl, azureActiveDirectoryTenantId: tenant, azureActiveDirectoryApplicationIdOrUri: app } = webhook;
  const problems: Problem[] = [];
  // The address may hold a key, and is not shown.
  if (isKnown(endpointUrl) && !/^https:\/\/[^/?#\s]+/i.test(endpointUrl)) {
    const remedy = "give the address of the webhook, https://<host>/<path>";
    problems.push({ path: `${path}.endpointUrl`, problem: "does not begin with https:// and a host", remedy });
  }
  if (isKnown(tenant) && !/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(tenant)) {
    const problem = `is "${tenant}", which is no ID of a tenant`;
    problems.push({ path: `${path}.azureActiveDirectoryTenantId`, problem, remedy: "give the tenant's ID, a GUID" });
  }
  if (isKnown(app) && app.trim() === "") {
    const remedy = "give the application's ID or its URI, such as api://<ID>";
    problems.push({ path: `${path}.azureActiveDirectoryApplicationIdOrUri`, problem: "is empty", remedy });
  }
  return problems;
}
