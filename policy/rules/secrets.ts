import { objectAt } from "../inputs.ts";
import type { Inputs, Rule } from "../rule.ts";

/**
 * What only a Secret may hold, by how it looks. Each pattern begins at a place which the rest of it can't reach again from the
 * same text, so that a ConfigMap of 1 MiB costs what its size is.
 */
const secretTexts: readonly (readonly [what: string, pattern: RegExp])[] = [
  ["a private key", /-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----/],
  ["a JSON Web Token", /(?<![\w-])eyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]+/],
  ["a shared access key", /\bSharedAccess(?:Key|Signature)=?\s*\S+/],
  ["an account key", /\bAccountKey=[\w+/]{16,}/],
  ["a user name with its password", /\b[a-z][\w+.-]{0,30}:\/\/[^\s/:@]+:[^\s/@]+@/i],
];

/** Names of keys that hold a secret by themselves, alone or as the last word of a longer one. */
const secretName =
  /(?:^|[._-])(?:password|passwd|access[._-]?token|client[._-]?secret|api[._-]?key|private[._-]?key)$/i;
const secretNameInCamelCase = /[a-z](?:Password|AccessToken|ClientSecret|ApiKey|PrivateKey)$/;

export const noSecretInConfigMap: Rule = {
  name: "no-secret-in-config-map",
  description:
    "ConfigMaps hold no secrets: everyone who may read the namespace reads them, and Pulumi shows them in diffs.",
  source: "Kubernetes, ConfigMaps and Secrets",
  enforcementLevel: "mandatory",
  severity: "critical",
  check: ({ type, props }) => {
    if (!/^kubernetes:core\/v1:ConfigMap(?:Patch)?$/.test(type)) return [];
    return [...findSecrets("data", objectAt(props, "data")), ...findSecrets("binaryData", decoded(props))].map(
      // What was found is named, never shown.
      ({ path, what }) => ({ path, problem: `holds ${what}`, remedy: "move it to a Secret, and refer to that" }),
    );
  },
};

function findSecrets(field: string, data: Inputs): { readonly path: string; readonly what: string }[] {
  return Object.entries(data).flatMap(([key, value]) => {
    if (typeof value !== "string" || value.trim() === "") return [];
    const what = secretTexts.find(([, pattern]) => pattern.test(value))?.[0];
    const named = secretName.test(key) || secretNameInCamelCase.test(key) ? "a secret, by its name" : undefined;
    const found = what ?? named;
    return found === undefined ? [] : [{ path: `${field}.${key}`, what: found }];
  });
}

function decoded(props: Inputs): Inputs {
  return Object.fromEntries(
    Object.entries(objectAt(props, "binaryData")).map(([key, value]) => [
      key,
      typeof value === "string" ? Buffer.from(value, "base64").toString("latin1") : value,
    ]),
  );
}
