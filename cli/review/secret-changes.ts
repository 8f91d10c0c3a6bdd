import { isAzureType } from "./aio-dataflows.ts";
import { isRelayConfig } from "./declared-dataflows.ts";
import { pathDifferences, segmentsOf } from "./differences.ts";
import type { Preview, Step } from "./preview.ts";
import type { SecretChange } from "./review.ts";
import { byText, fieldsAt, textAt } from "./values.ts";

/** Secrets, certificates and CAs whose content changes. Reads keys only, never what stands below them. */
export function findSecretChanges({ steps }: Preview): SecretChange[] {
  return steps.flatMap(readChange).sort((a, b) => byText(a.kind, b.kind) || byText(a.name, b.name));
}

const changes: { readonly [operation: string]: SecretChange["change"] | undefined } = {
  create: "created",
  update: "changed",
  replace: "changed",
  delete: "deleted",
};

function readChange(step: Step): SecretChange[] {
  const change = changes[step.operation];
  const kind = kindOf(step);
  if (change === undefined || kind === undefined) return [];
  const keys = keysOf(step);
  // A label or a description that changes is none of its content.
  if (change === "changed" && keys.length === 0) return [];
  const inputs = step.after ?? step.before;
  const name =
    textAt(inputs, "metadata", "name") ??
    textAt(inputs, "caCertificateName") ??
    textAt(inputs, "clientName") ??
    step.name;
  return [{ change, kind, name, keys: change === "changed" ? keys : [] }];
}

function kindOf(step: Step): string | undefined {
  if (/^kubernetes:core\/v1:Secret(Patch)?$/.test(step.type)) return "Secret";
  if (/^kubernetes:core\/v1:ConfigMap(Patch)?$/.test(step.type))
    return hasCertificates(step) ? "CA certificates" : undefined;
  if (step.type.startsWith("kubernetes:external-secrets.io/")) return "Secret from a vault";
  if (step.type.startsWith("kubernetes:secrets-store.csi.x-k8s.io/")) return "Secret from a vault";
  if (isAzureType(step, "eventgrid:CaCertificate")) return "CA certificate of the namespace";
  if (isAzureType(step, "eventgrid:Client")) return "client of the namespace";
  return undefined;
}

function hasCertificates(step: Step): boolean {
  if (isRelayConfig(step)) return false;
  const data = [step.before, step.after].flatMap((inputs) => Object.entries(fieldsAt(inputs, "data")));
  return data.some(
    ([key, text]) => /\.(crt|pem|cer)$/.test(key) || (typeof text === "string" && text.includes("BEGIN CERTIFICATE")),
  );
}

/** Where the content of each kind stands. */
const contents = [
  "data",
  "stringData",
  "spec",
  "encodedCertificate",
  "clientCertificateAuthentication",
  "authenticationName",
];

function keysOf({ before, after, paths }: Step): string[] {
  const listed = paths.size > 0 ? [...paths.keys()] : pathDifferences(before, after).map(({ path }) => path);
  const keys = listed.map(segmentsOf).filter(([first = ""]) => contents.includes(first));
  return [...new Set(keys.map(([first = "", second]) => second ?? first))].sort(byText);
}
