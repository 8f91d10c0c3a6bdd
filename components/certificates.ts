import type * as pulumi from "@pulumi/pulumi";

import type { Problem } from "../runtime/contract/errors.ts";
import { judgeClientCa, judgeClientCertificate, judgeTrustBundle } from "./checks/certificates.ts";
import type { CertificateFindings, KnownClientCertificate } from "./checks/certificates.ts";
import { findPlainSecrets } from "./checks/plain-secrets.ts";
import { warnOnce } from "./given-warnings.ts";
import { isKnown, knownFields, mapInput } from "./known.ts";
import { refuse } from "./refuse.ts";
import type { RelaySettingsArgs, SecretContentArgs } from "./relay/settings.ts";
import { judgedVault } from "./vault/judged.ts";

/** The arguments of a relay that have certificates in them, or names of what has. */
type RelayCertificates = Pick<RelaySettingsArgs, "secrets" | "trustBundles" | "vault">;

/** The arguments of a namespace that have certificates in them. */
interface ClientCas {
  caCertificates?: { [name: string]: { certificate: pulumi.Input<string> } };
}

/** The arguments of a bridge that have certificates in them. */
interface BridgeCertificates {
  relay?: RelayCertificates;
  eventGrid?: { x509?: ClientCas };
}

/**
 * Judges the certificates and keys of a relay that are known when the program runs.
 * @param path what goes before the names of the arguments, such as `relay.`
 * @param nowMs wall clock in milliseconds
 */
export function judgeRelayCertificates(
  path: string,
  { secrets = {}, trustBundles = {} }: RelayCertificates,
  nowMs: number = Date.now(),
): CertificateFindings {
  return together([
    ...Object.entries(secrets).map(([name, content]) =>
      judgeClientCertificate(`${path}secrets.${name}`, knownFields(certificateOf(content)), nowMs),
    ),
    ...Object.entries(trustBundles).map(([name, text]) =>
      isKnown(text) ? judgeTrustBundle(`${path}trustBundles.${name}`, text, nowMs) : nothing,
    ),
  ]);
}

/** Judges the CA certificates of a namespace that are known when the program runs. */
export function judgeClientCas(
  path: string,
  { caCertificates = {} }: ClientCas,
  nowMs: number = Date.now(),
): CertificateFindings {
  return together(
    Object.entries(caCertificates).map(([name, { certificate }]) =>
      isKnown(certificate) ? judgeClientCa(`${path}caCertificates.${name}.certificate`, certificate, nowMs) : nothing,
    ),
  );
}

const nothing: CertificateFindings = { problems: [], warnings: [] };

function together(all: readonly CertificateFindings[]): CertificateFindings {
  const problems: readonly Problem[] = all.flatMap((one) => one.problems);
  return { problems, warnings: all.flatMap((one) => one.warnings) };
}

function certificateOf(content: SecretContentArgs): {
  readonly [K in keyof KnownClientCertificate]: pulumi.Input<string> | undefined;
} {
  const { clientCertificate, clientKey, intermediateCertificates } = content;
  return { clientCertificate, clientKey, intermediateCertificates };
}

/** Where certificates were given: the component, and what goes before the names of its arguments. */
export interface CertificateOwner {
  readonly component: pulumi.Resource;
  readonly name: string;
  readonly path: string;
  /** Component that may have warned already. */
  readonly parent?: pulumi.Resource | undefined;
}

/**
 * The same arguments, with what only the deployment tells judged before anything uses it: a secret output is not known to the
 * program, though a preview may know it.
 */
export function judgedLater<T extends RelayCertificates>(owner: CertificateOwner, args: T): T {
  const { secrets, trustBundles, vault } = args;
  const { path } = owner;
  return {
    ...args,
    ...(vault === undefined ? {} : { vault: judgedVault({ ...owner, path: `${path}vault` }, vault) }),
    ...(secrets === undefined
      ? {}
      : { secrets: mapEntries(secrets, (content, key) => judgeSecret(owner, `${path}secrets.${key}`, content)) }),
    ...(trustBundles === undefined
      ? {}
      : {
          trustBundles: mapEntries(trustBundles, (text, key) =>
            judgeText(owner, `${path}trustBundles.${key}`, text, judgeTrustBundle),
          ),
        }),
  };
}

/** The same CA certificates, with what only the deployment tells judged before Azure gets it. */
export function judgedLaterCas<T extends ClientCas>(owner: CertificateOwner, args: T): T {
  if (args.caCertificates === undefined) return args;
  const caCertificates = mapEntries(args.caCertificates, (ca, key) => {
    const path = `${owner.path}caCertificates.${key}.certificate`;
    return { ...ca, certificate: judgeText(owner, path, ca.certificate, judgeClientCa) };
  });
  return { ...args, caCertificates };
}

/** The same for all of a bridge, by the names of its own arguments. */
export function judgedLaterInBridge<T extends BridgeCertificates>(
  component: pulumi.Resource,
  name: string,
  args: T,
): T {
  const { relay, eventGrid } = args;
  const owner = (path: string) => ({ component, name, path });
  const judged = { ...args };
  if (relay !== undefined) judged.relay = judgedLater(owner("relay."), relay);
  if (eventGrid?.x509 !== undefined) {
    judged.eventGrid = { ...eventGrid, x509: judgedLaterCas(owner("eventGrid.x509."), eventGrid.x509) };
  }
  return judged;
}

/** Warns of what a bridge's certificates and Secrets are, as far as it is known when the program runs. */
export function findBridgeSecretWarnings({ relay, eventGrid }: BridgeCertificates): Problem[] {
  return [
    ...judgeRelayCertificates("relay.", relay ?? {}).warnings,
    ...findPlainSecrets("relay.", relay?.secrets ?? {}),
    ...judgeClientCas("eventGrid.x509.", eventGrid?.x509 ?? {}).warnings,
  ];
}

function judgeSecret(owner: CertificateOwner, path: string, content: SecretContentArgs): SecretContentArgs {
  const given = certificateOf(content);
  const late = Object.entries(given).filter(([, value]) => value !== undefined && !isKnown(value));
  if (late.length === 0) return content;
  // As a whole, since a key is compared with its certificate.
  const whole = mapInput(given, (known: KnownClientCertificate) => {
    report(owner, judgeClientCertificate(path, known, Date.now()));
    return known;
  });
  const fields = late.map(([field]) => [field, mapInput(whole, (known) => known[field as keyof typeof known])]);
  return { ...content, ...Object.fromEntries(fields) } as SecretContentArgs;
}

function judgeText(
  owner: CertificateOwner,
  path: string,
  text: pulumi.Input<string>,
  judge: (path: string, text: string, nowMs: number) => CertificateFindings,
): pulumi.Input<string> {
  if (isKnown(text)) return text;
  return mapInput(text, (known: string) => {
    report(owner, judge(path, known, Date.now()));
    return known;
  });
}

function report({ component, name, parent }: CertificateOwner, { problems, warnings }: CertificateFindings): void {
  refuse(component, name, problems);
  warnOnce(component, warnings, parent);
}

function mapEntries<T>(
  entries: { readonly [name: string]: T },
  map: (value: T, name: string) => T,
): { [name: string]: T } {
  return Object.fromEntries(Object.entries(entries).map(([name, value]) => [name, map(value, name)]));
}
