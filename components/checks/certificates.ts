import type { KeyObject, X509Certificate } from "node:crypto";

import { nameOfCertificate } from "../../runtime/contract/pem.ts";
import { quote, type Problem } from "../../runtime/contract/errors.ts";
import { hasPrivateKey, readCertificateField, readKeyField } from "./pem-content.ts";
import { byRule } from "./rules.ts";

/** What is wrong with certificates and keys, and what soon will be. */
export interface CertificateFindings {
  readonly problems: readonly Problem[];
  readonly warnings: readonly Problem[];
}

/** A client certificate, as far as it is known. */
export interface KnownClientCertificate {
  readonly clientCertificate?: string | undefined;
  readonly clientKey?: string | undefined;
  readonly intermediateCertificates?: string | undefined;
}

/** A certificate that ends sooner than this draws a warning. */
const warnedDays = 30;
const dayMs = 24 * 60 * 60 * 1000;

/**
 * Judges a client certificate, its key and what is between it and its CA, as far as they are known: the relay would judge them
 * the same way, in its pod. Shows subjects and dates, and never the content.
 * @param nowMs wall clock in milliseconds
 */
export function judgeClientCertificate(
  path: string,
  { clientCertificate, clientKey, intermediateCertificates: between }: KnownClientCertificate,
  nowMs: number,
): CertificateFindings {
  const at = fieldPaths(path);
  const own = clientCertificate === undefined ? undefined : readCertificateField(at.own, clientCertificate, ownRemedy);
  const key = clientKey === undefined ? undefined : readKeyField(at.key, clientKey, keyRemedy);
  // An empty text is what a program gives that has no intermediate certificates.
  const hasMore = between !== undefined && between.trim() !== "";
  const more = hasMore ? readCertificateField(at.more, between, moreRemedy) : undefined;
  const unread = [own, key, more].flatMap((read) => (read !== undefined && "problem" in read ? [read.problem] : []));
  const chain = own !== undefined && "value" in own ? own.value : [];
  const others = more !== undefined && "value" in more ? more.value : [];
  const pair = key !== undefined && "value" in key ? key.value : undefined;
  const dates = [
    judgeDates(at.own, chain, nowMs, "renew it and its key"),
    judgeDates(at.more, others, nowMs, "give the CA's new one"),
  ];
  const strangers = unread.length > 0 ? [] : findStrangers(at.more, chain, others);
  return {
    problems: byRule("certificates", [
      ...unread,
      ...(unread.length > 0 ? [] : checkOrder(path, chain, others, pair)),
      ...dates.flatMap(({ problems }) => problems),
    ]),
    warnings: byRule("certificates", [...strangers, ...dates.flatMap(({ warnings }) => warnings)]),
  };
}

const ownRemedy = "give the client certificate in PEM format here, and its key as clientKey";
const keyRemedy = "give the private key of the client certificate in PEM format";
const moreRemedy = "give the certificates between the client's own and the CA in PEM format, or leave it out";
const bundleRemedy = "give the content of the CA certificates in PEM format";

function fieldPaths(path: string) {
  return {
    own: `${path}.clientCertificate`,
    key: `${path}.clientKey`,
    more: `${path}.intermediateCertificates`,
  };
}

/** The certificate that TLS presents comes first. @see RFC 8446 §4.4.2 */
function checkOrder(
  path: string,
  chain: readonly X509Certificate[],
  others: readonly X509Certificate[],
  key: KeyObject | undefined,
): Problem[] {
  const at = fieldPaths(path);
  const [first] = chain;
  if (first === undefined) return [];
  const isOwn = (certificate: X509Certificate) =>
    key === undefined ? first.ca && !certificate.ca : certificate.checkPrivateKey(key);
  if (isOwn(first)) return [];
  const behind = chain.find(isOwn);
  if (behind !== undefined) {
    const problem = `has ${named(first)} before the client's own, ${named(behind)}`;
    return [{ path: at.own, problem, remedy: "put the client's own first, then those between it and the CA" }];
  }
  const swapped = others.find(isOwn);
  if (swapped !== undefined) {
    const problem = `is ${named(first)}, and the client's own, ${named(swapped)}, is in intermediateCertificates`;
    return [{ path: at.own, problem, remedy: "swap clientCertificate and intermediateCertificates" }];
  }
  if (key === undefined) return [];
  const problem = `is the key of another certificate than ${named(first)} in clientCertificate`;
  return [{ path: at.key, problem, remedy: "give the two that were issued together" }];
}

/** Intermediate certificates of which none signed the client's own; the broker may know the right one itself. */
function findStrangers(path: string, chain: readonly X509Certificate[], others: readonly X509Certificate[]): Problem[] {
  const [own] = chain;
  if (own === undefined || others.length === 0) return [];
  if ([...chain.slice(1), ...others].some((issuer) => own.checkIssued(issuer))) return [];
  const problem = `has no certificate that signed the client's own, ${named(own)}`;
  return [{ path, problem, remedy: "give the one that did, first, or leave it out where the broker knows it" }];
}

/**
 * Judges the CA certificates that brokers are trusted by. One that has ended among others that have not is a warning: a broker
 * may never show it.
 * @param nowMs wall clock in milliseconds
 */
export function judgeTrustBundle(path: string, text: string, nowMs: number): CertificateFindings {
  if (hasPrivateKey(text)) {
    // Whoever may read the namespace reads its ConfigMaps.
    const problem = "has a private key in it, and a ConfigMap keeps no secrets";
    return findings([{ path, problem, remedy: "give the CA certificates alone, and renew that key" }]);
  }
  const read = readCertificateField(path, text, bundleRemedy);
  if ("problem" in read) return findings([read.problem]);
  const { problems, warnings } = judgeDates(path, read.value, nowMs, "give the CA's new one");
  return problems.length === read.value.length
    ? findings(problems, warnings)
    : findings([], [...problems, ...warnings]);
}

/**
 * Judges the CA certificate that Event Grid judges clients by.
 * @see Event Grid, MQTT client certificate authentication: the CA that signed the client certificates itself
 * @param nowMs wall clock in milliseconds
 */
export function judgeClientCa(path: string, text: string, nowMs: number): CertificateFindings {
  const remedy = "give the one CA certificate that signed the clients' own";
  if (hasPrivateKey(text)) return findings([{ path, problem: "has a private key in it", remedy }]);
  const read = readCertificateField(path, text, remedy);
  if ("problem" in read) return findings([read.problem]);
  const [ca, ...others] = read.value;
  if (ca === undefined || others.length > 0) {
    return findings([{ path, problem: `has ${read.value.length} certificates in PEM format`, remedy }]);
  }
  // A root of the time before version 3 signed itself, and does not say that it is a CA.
  if (!ca.ca && ca.subject !== ca.issuer) {
    return findings([{ path, problem: `is ${named(ca)}, which is no CA certificate`, remedy }]);
  }
  const { problems, warnings } = judgeDates(path, read.value, nowMs, "give the CA's new one");
  return findings(problems, warnings);
}

function findings(problems: readonly Problem[], warnings: readonly Problem[] = []): CertificateFindings {
  return { problems: byRule("certificates", problems), warnings: byRule("certificates", warnings) };
}

/** Certificates that have ended, and those that soon will, or that don't hold yet. */
function judgeDates(
  path: string,
  certificates: readonly X509Certificate[],
  nowMs: number,
  remedy: string,
): CertificateFindings {
  const problems: Problem[] = [];
  const warnings: Problem[] = [];
  for (const certificate of certificates) {
    const { validFromDate: from, validToDate: to } = certificate;
    const days = `good from ${day(from)} to ${day(to)}`;
    const leftDays = Math.floor((to.getTime() - nowMs) / dayMs);
    if (to.getTime() < nowMs)
      problems.push({ path, problem: `has ${named(certificate)}, ${days}: it has ended`, remedy });
    else if (from.getTime() > nowMs) {
      const problem = `has ${named(certificate)}, ${days}: no broker takes it before`;
      warnings.push({ path, problem, remedy: "deploy it when it holds, or correct this machine's clock" });
    } else if (leftDays < warnedDays) {
      const problem = `has ${named(certificate)}, ${days}: it ends in ${leftDays} days`;
      warnings.push({ path, problem, remedy });
    }
  }
  return { problems, warnings };
}

function named(certificate: X509Certificate): string {
  return `the certificate ${quote(nameOfCertificate(certificate))}`;
}

function day(date: Date): string {
  return date.toISOString().slice(0, 10);
}
