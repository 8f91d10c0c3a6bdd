import { count, namesOf } from "./cost.ts";
import type { AccessChange, Cost, Finding, Review, StackReview, Verdict } from "./review.ts";
import { isComponent } from "./resource-changes.ts";
import { byText } from "./values.ts";

const severity: { readonly [verdict in Verdict]: number } = { blocked: 0, attention: 1, safe: 2, none: 3 };

/** The gravest of several verdicts; none of none. */
export function gravest(verdicts: readonly Verdict[]): Verdict {
  return [...verdicts].sort((a, b) => severity[a] - severity[b])[0] ?? "none";
}

/** What a stack's review is judged by. */
export type Judged = Omit<StackReview, "verdict" | "reasons" | "summary">;

/** Says whether a stack's change can go out, and why not. */
export function judge(stack: Judged): Pick<StackReview, "verdict" | "reasons"> {
  const blocking = blockingReasons(stack.findings);
  if (blocking.length > 0) return { verdict: "blocked", reasons: blocking };
  const reasons = stack.isDrift ? driftReasons(stack) : attentionReasons(stack);
  if (reasons.length > 0) return { verdict: "attention", reasons };
  return { verdict: stack.resources.length > 0 ? "safe" : "none", reasons: [] };
}

function blockingReasons(findings: readonly Finding[]): string[] {
  const errors = findings.filter(({ kind }) => kind === "error").map(firstSentence);
  const violations = findings.filter(({ kind }) => kind === "violation");
  const policies = [...new Set(violations.map(({ policy = "" }) => policy))];
  return [
    ...errors,
    ...(violations.length === 0 ? [] : [`${count(violations.length, "policy violation")}: ${policies.join(", ")}`]),
  ];
}

const isProtected = /as it is currently marked for protection|because it is protected/;
const longestReason = 200;

/** An error in one line; its whole text stands among the findings. */
function firstSentence({ resource, message }: Finding): string {
  if (isProtected.test(message)) {
    const done = message.includes("replace") ? "replaced" : "deleted";
    return `${resource} is protected and would be ${done}`;
  }
  const [line = "", next = ""] = message.split("\n").map((one) => one.trim());
  const text = line.endsWith(":") ? `${line} ${next}` : line;
  const shown = text.length > longestReason ? `${text.slice(0, longestReason)}…` : text;
  return resource === "" ? shown : `${resource}: ${shown}`;
}

function driftReasons({ resources }: Judged): string[] {
  if (resources.length === 0) return [];
  const names = resources.map(({ name }) => name);
  return [`${count(names.length, "resource was", "resources were")} changed by hand: ${namesOf(names)}`];
}

function attentionReasons(stack: Judged): string[] {
  return [
    ...stack.costs.filter(({ needsAttention }) => needsAttention).map(({ title }) => title),
    ...dataflowReasons(stack),
    ...accessReasons(stack),
    ...(stack.findings.some(({ kind }) => kind === "advisory") ? ["policies advise against something"] : []),
    ...warningReason(stack.findings),
  ];
}

function dataflowReasons({ dataflows }: Judged): string[] {
  const removed = dataflows.filter(({ change }) => change === "removed").map(({ name }) => name);
  const stopped = dataflows.filter(({ before, after }) => before?.isEnabled === true && after?.isEnabled === false);
  const moved = dataflows.filter(({ changed }) =>
    changed.some((field) => /^topics?(From|To)$|\.endpoint$/.test(field)),
  );
  const delivery = dataflows.filter(({ changed }) => changed.some((field) => /\.(qos|retain)$/.test(field)));
  return [
    ...reason(removed, "dataflow is removed", "dataflows are removed"),
    ...reason(
      stopped.map(({ name }) => name),
      "dataflow is disabled",
      "dataflows are disabled",
    ),
    ...reason(
      moved.map(({ name }) => name),
      "dataflow takes or gives other topics",
      "dataflows take or give other topics",
    ),
    ...reason(
      delivery.map(({ name }) => name),
      "dataflow changes QoS or retain",
      "dataflows change QoS or retain",
    ),
  ];
}

function reason(names: readonly string[], one: string, several: string): string[] {
  return names.length === 0 ? [] : [`${count(names.length, one, several)}: ${namesOf(names)}`];
}

function accessReasons(stack: Judged): string[] {
  const { access } = stack;
  const revoked = access.filter(({ change }) => change === "revoked");
  const granted = access.filter(({ change }) => change === "granted");
  const wider = granted.filter(({ reach }) => reach === "wider" || (reach === "namespace" && !isNew(stack)));
  const newcomers = isNew(stack) ? [] : granted.filter(({ isNewHolder }) => isNewHolder);
  return [
    ...(revoked.length === 0 ? [] : [`${count(revoked.length, "role is", "roles are")} taken away`]),
    ...wider.map(sayWide),
    ...(newcomers.length === 0
      ? []
      : [`${[...new Set(newcomers.map(({ holder }) => holder))].join(", ")} gets access for the first time`]),
    ...reason(
      stack.topicSpaces.filter(({ change }) => change === "changed").map(({ name }) => name),
      "topic space has other topics",
      "topic spaces have other topics",
    ),
  ];
}

function sayWide({ holder, role, scope }: AccessChange): string {
  return `${holder} gets ${role} at ${scope}`;
}

function warningReason(findings: readonly Finding[]): string[] {
  const warnings = findings.filter(({ kind }) => kind === "warning").length;
  return warnings === 0 ? [] : [`the preview warns of ${count(warnings, "thing")}`];
}

/** What happens in a few words, for the line of the verdict and the table of stacks. */
export function summarize(stack: Judged): string[] {
  const { dataflows, access, topicSpaces, secrets, costs, operations } = stack;
  const has = (kind: Cost["kind"]) => costs.some((cost) => cost.kind === kind);
  const words = [
    ...(isNew(stack) && operations.create > 0 ? [`${count(operations.create, "resource")} created`] : []),
    ...counted(dataflows, "dataflow", "dataflows"),
    ...counted(access, "role", "roles"),
    ...counted(topicSpaces, "topic space", "topic spaces"),
    ...counted(secrets, "secret or certificate", "secrets or certificates"),
    ...costs.flatMap(({ kind, title }) => (kind === "scaled" || kind === "limit" ? [title] : [])),
    ...(has("disk-grows") ? ["disks grow"] : []),
    ...(has("pods-replaced") ? ["pods replaced"] : has("pods-restart") ? ["pods restart"] : []),
  ];
  return words.length > 0 ? words : changedNames(stack);
}

const words = ["removed", "revoked", "deleted", "changed", "added", "granted", "created"];

function counted(changes: readonly { readonly change: string }[], one: string, several: string): string[] {
  return words.flatMap((word) => {
    const number = changes.filter(({ change }) => change === word).length;
    return number === 0 ? [] : [`${count(number, one, several)} ${word}`];
  });
}

/** Where nothing more is known of a change, its resources. */
function changedNames({ resources }: Judged): string[] {
  const own = resources.filter((resource) => !isComponent(resource) && !resource.isUnknownOnly);
  if (own.length === 0) return resources.length === 0 ? [] : ["components change, and none of their resources does"];
  return [`${count(own.length, "resource changes", "resources change")}: ${namesOf(own.map(({ name }) => name))}`];
}

/** Tells whether nothing of the stack is there yet. */
function isNew({ operations }: Judged): boolean {
  return operations.same + operations.update + operations.replace + operations.delete === 0;
}

/** Puts the reviews of stacks together, the gravest first. */
export function combine(stacks: readonly StackReview[]): Review {
  const sorted = [...stacks].sort(
    (a, b) => severity[a.verdict] - severity[b.verdict] || byText(a.stack, b.stack) || byText(a.project, b.project),
  );
  const [only] = sorted;
  const verdict = gravest(sorted.map((stack) => stack.verdict));
  const named = sorted
    .filter((stack) => stack.verdict === verdict)
    .flatMap(({ stack, reasons }) => reasons.map((text) => `${stack}: ${text}`));
  return { version: 1, verdict, reasons: sorted.length === 1 ? (only?.reasons ?? []) : named, stacks: sorted };
}
