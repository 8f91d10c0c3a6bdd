import type * as core from "@pulumi/kubernetes/core/v1/index.js";
import * as pulumi from "@pulumi/pulumi";

import { kubernetesName } from "../../runtime/contract/config/field.ts";
import type { Problem } from "../../runtime/contract/errors.ts";
import { SecretType } from "../enumerations.ts";
import { givenFields } from "../known.ts";
import type { SecretContentArgs } from "./settings.ts";

/** A content that a Secret may have. */
type ContentName = Exclude<keyof SecretContentArgs, "type">;

/** The key in the Secret that each content has. @see Azure IoT Operations, Configure MQTT data flow endpoints, X.509 certificate */
const secretKeys: Readonly<Record<ContentName, string>> = {
  clientCertificate: "client_cert.pem",
  clientKey: "client_key.pem",
  intermediateCertificates: "client_intermediate_certs.pem",
  accessToken: "accessToken",
  username: "username",
  password: "password",
};

/** Contents that a method needs together. */
const contentsOf = [["clientCertificate", "clientKey"], ["accessToken"], ["username", "password"]] as const;

/** Builds a Secret's type and data, under the keys that the relay and AIO read. */
export function buildSecret(content: SecretContentArgs): Pick<core.SecretArgs, "type" | "stringData"> {
  if (content.type !== SecretType.Tls) return { stringData: buildSecretData(content) };
  const { clientCertificate = "", intermediateCertificates, clientKey = "" } = content;
  const chain = pulumi
    .all([clientCertificate, intermediateCertificates])
    .apply(([own, others = ""]) => (others === "" ? own : `${own.trimEnd()}\n${others}`));
  return { type: SecretType.Tls, stringData: { "tls.crt": chain, "tls.key": clientKey } };
}

function buildSecretData(content: SecretContentArgs): { [key: string]: pulumi.Input<string> } {
  return Object.fromEntries(secretEntries(content));
}

/** The given contents of a Secret under the keys that the relay and AIO read, in the order of the keys above. */
export function secretEntries(content: { readonly [name in ContentName]?: pulumi.Input<string> }) {
  const names = Object.keys(secretKeys) as ContentName[];
  return names.flatMap((name): [key: string, value: pulumi.Input<string>][] => {
    const value = content[name];
    return value === undefined ? [] : [[secretKeys[name], value]];
  });
}

/** Lists Secrets with a name that Kubernetes refuses or with a content that fits no method; never shows the content. */
export function checkSecrets(secrets: { readonly [secretRef: string]: SecretContentArgs }): Problem[] {
  return Object.entries(secrets).flatMap(([secretRef, content]) => {
    const path = `secrets.${secretRef}`;
    return [
      ...checkSecretName(path, secretRef),
      ...checkType(path, content),
      ...checkContent(path, givenFields(content)),
    ];
  });
}

/** Refuses the name of a Secret that Kubernetes would refuse. */
export function checkSecretName(path: string, secretRef: string): Problem[] {
  const remedy = 'name it with lower-case letters, digits, "-" and "."';
  return kubernetesName.test(secretRef) ? [] : [{ path, problem: "is no name for a Secret", remedy }];
}

function checkType(path: string, { type, clientCertificate }: SecretContentArgs): Problem[] {
  if (type !== SecretType.Tls || clientCertificate !== undefined) return [];
  const problem = `is ${SecretType.Tls}, and the content is no certificate`;
  return [{ path: `${path}.type`, problem, remedy: "remove it, or give clientCertificate and clientKey" }];
}

/** Refuses contents that fit no authentication method; knows their names alone. */
export function checkContent(path: string, given: readonly string[]): Problem[] {
  const method = contentsOf.find((fields) => fields.some((field) => given.includes(field)));
  if (method === undefined) {
    const remedy = "give clientCertificate and clientKey, or accessToken, or username and password";
    return [{ path, problem: "has no content for any authentication method", remedy }];
  }
  const missing = method.filter((field) => !given.includes(field));
  return missing.map((field) => ({
    path: `${path}.${field}`,
    problem: `is missing beside ${method.filter((other) => other !== field).join(" and ")}`,
    remedy: "add it",
  }));
}
