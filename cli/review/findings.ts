import type { DiagnosticEvent, PolicyEvent } from "./engine-events.ts";
import { nameOf } from "./preview.ts";
import type { Preview } from "./preview.ts";
import type { Finding } from "./review.ts";
import { byText } from "./values.ts";

/** What the engine says besides, without a word on this preview: that it failed, and which program on the PATH it took. */
const saysNothing = [/^(?:preview|update|refresh|destroy) failed$/i, /^using \S+ from \$PATH at /];

/** How the engine begins what a policy could not look at, because a value is known only during the deployment. */
const couldNotRun = /^can't run policy '([^']+)'/;

/** Errors, violations, advisories and warnings, in this order. Each text once for a resource. */
export function findFindings(preview: Preview): Finding[] {
  const { diagnostics, violations, isComplete } = preview;
  const order = { error: 0, violation: 1, advisory: 2, warning: 3 };
  const findings = [
    ...diagnostics.flatMap(readDiagnostic),
    ...violations.filter(({ message }) => !couldNotRun.test(message)).map(readViolation),
    ...(isComplete ? [] : [unfinished]),
    ...(hasFailedSilently(preview) ? [silent] : []),
  ];
  const keys = findings.map((finding) => JSON.stringify(finding));
  return findings
    .filter((_, index) => keys.indexOf(keys[index] ?? "") === index)
    .sort((a, b) => order[a.kind] - order[b.kind] || byText(a.resource, b.resource));
}

const unfinished: Finding = {
  kind: "error",
  resource: "",
  message: "The preview has no summary, so it did not come to its end, and what is below is not all. Run it again.",
};

const silent: Finding = {
  kind: "error",
  resource: "",
  message:
    "The preview failed, and nothing here says why. The output of pulumi preview --json leaves policy violations out: give the event log instead.",
};

/** Tells whether the engine failed without an error or a violation of which anything is known. */
function hasFailedSilently({ diagnostics, violations }: Preview): boolean {
  const errors = diagnostics.filter(({ severity }) => severity === "error");
  const isTold = violations.some(({ enforcementLevel }) => enforcementLevel === "mandatory");
  return (
    errors.length > 0 &&
    !isTold &&
    errors.every(({ message }) => saysNothing.some((pattern) => pattern.test(plain(message))))
  );
}

/** The rules that a preview could not apply, by the name of the policy, with the number of resources. */
export function findUnapplied({ violations }: Preview): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const { message } of violations) {
    const policy = couldNotRun.exec(message)?.[1];
    if (policy !== undefined) counts.set(policy, (counts.get(policy) ?? 0) + 1);
  }
  return counts;
}

function readDiagnostic({ urn, message, severity, ephemeral = false }: DiagnosticEvent): Finding[] {
  const text = plain(message);
  if (ephemeral || text === "" || saysNothing.some((pattern) => pattern.test(text))) return [];
  if (severity !== "error" && severity !== "warning") return [];
  return [{ kind: severity, resource: resourceOf(urn), message: text }];
}

function readViolation(violation: PolicyEvent): Finding {
  const { enforcementLevel, policyPackName, policyName, message } = violation;
  const kind = enforcementLevel === "mandatory" ? "violation" : "advisory";
  return {
    kind,
    resource: resourceOf(violation.resourceUrn),
    policy: `${policyPackName}/${policyName}`,
    message: plain(message),
  };
}

/** `urn:…::kubernetes:core/v1:ConfigMap::oslo-relay-cfg` → `ConfigMap "oslo-relay-cfg"` */
function resourceOf(urn = ""): string {
  const type = urn.split("::")[2]?.split(":").at(-1);
  if (type === undefined) return "";
  // A stack is named after its project too, which the heading says already.
  return type === "Stack" ? "" : `${type} "${nameOf(urn)}"`;
}

/** The Automation API asks the engine for its own marks of colour, `<{%fg 1%}>`; a terminal's come with `--color`. */
const colours = new RegExp(`<\\{%[^%]*%\\}>|${String.fromCodePoint(0x1b)}\\[[0-9;]*m`, "g");

function plain(message: string): string {
  return message.replaceAll(colours, "").trim();
}
