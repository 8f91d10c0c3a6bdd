import "reflect-metadata"; // @peculiar/x509 looks for it when it is loaded

import type { X509Certificate as NodeCertificate } from "node:crypto";

import { SubjectAlternativeNameExtension, X509Certificate } from "@peculiar/x509";
import type { GeneralNameType } from "@peculiar/x509";

import type { ClientCertificate } from "../authentication/authenticator.ts";
import { canonicalAddress } from "./canonical-address.ts";

/** Reads what a broker judges a client certificate by; `isTrusted` says whether the listener's client CA vouches for it. */
export function readClientCertificate(shown: NodeCertificate, isTrusted: boolean): ClientCertificate {
  const certificate = new X509Certificate(shown.raw);
  const names = certificate.getExtension(SubjectAlternativeNameExtension)?.names.items ?? [];
  const ofType = (type: GeneralNameType) => names.filter((name) => name.type === type).map(({ value }) => value);
  const nowMs = Date.now();
  return {
    commonName: certificate.subjectName.getField("CN")[0] ?? "",
    alternativeNames: {
      dns: ofType("dns"),
      uri: ofType("url"),
      ip: ofType("ip").map(canonicalAddress),
      email: ofType("email"),
    },
    thumbprints: [shown.fingerprint, shown.fingerprint256].map((text) => text.replaceAll(":", "")),
    isTrusted,
    isCurrent: nowMs >= certificate.notBefore.getTime() && nowMs <= certificate.notAfter.getTime(),
  };
}
