import { relayName } from "../../components/relay/defaults.ts";
import { costOf, count } from "./cost.ts";
import { pathDifferences, segmentsOf } from "./differences.ts";
import { isRelayConfig } from "./declared-dataflows.ts";
import { measuredGapSeconds } from "./measured-gaps.ts";
import type { Preview, Step } from "./preview.ts";
import type { Cost } from "./review.ts";
import { fieldsAt, isUnknown, numberAt, textAt, valueAt } from "./values.ts";

const statefulSetType = "kubernetes:apps/v1:StatefulSet";
const configHash = "mqtt-dataflow/config-sha256";
const template = "spec.template";

/** What the pods of the relays go through. */
export function findPodCosts(preview: Preview): Cost[] {
  return preview.steps.filter(isRelay).flatMap((set) => costsOf(preview, set));
}

/** Tells whether a resource is the StatefulSet of a relay. */
export function isRelay({ type, before, after }: Step): boolean {
  const labels = fieldsAt(after ?? before, "metadata", "labels");
  return type === statefulSetType && textAt(labels, "app.kubernetes.io/name") === relayName;
}

function costsOf(preview: Preview, set: Step): Cost[] {
  const subjects = [textAt(set.after ?? set.before, "metadata", "name") ?? set.name];
  const [before, after] = [replicasOf(set.before), replicasOf(set.after)];
  switch (set.operation) {
    case "replace": {
      const why = [...set.paths].filter(([, replaces]) => replaces).map(([path]) => path);
      const text =
        `${count(before, "pod")} of "${subjects[0]}" ${before === 1 ? "ends before the new one starts" : "end before the new ones start"}, since ${why.join(", ") || "the StatefulSet"} can't change in place. ` +
        `No dataflow of this relay delivers meanwhile: longer than the ${measuredGapSeconds.configurationChanged} s that were measured for a restart. Messages wait in the sessions of their sources and on the disk.`;
      return [
        costOf({
          kind: "pods-replaced",
          subjects,
          title: `relay "${subjects[0]}" is replaced`,
          text,
          needsAttention: true,
        }),
      ];
    }
    case "delete": {
      const text = `The relay "${subjects[0]}" with ${count(before, "pod")} is deleted: none of its dataflows delivers any more.`;
      return [
        costOf({
          kind: "pods-replaced",
          subjects,
          title: `relay "${subjects[0]}" is deleted`,
          text,
          needsAttention: true,
        }),
      ];
    }
    case "update":
      return [...restartOf(preview, set, subjects), ...scalingOf(subjects, before, after)];
    default:
      return [];
  }
}

function replicasOf(inputs: unknown): number {
  return numberAt(inputs, "spec", "replicas") ?? 1;
}

function restartOf(preview: Preview, set: Step, subjects: readonly string[]): Cost[] {
  const changed = [...set.paths.keys()].filter((path) => path === template || path.startsWith(`${template}.`));
  if (changed.length === 0 || (changed.every(isHash) && !doesConfigChange(preview, set))) return [];
  const pods = Math.min(replicasOf(set.before), replicasOf(set.after));
  const order = pods === 1 ? "" : ", one after the other, each once the one before it is ready";
  const text =
    `${count(pods, "pod restarts", "pods restart")}${order}, for ${describeTemplate(set, changed)}. ` +
    `Measured for one pod: ${measuredGapSeconds.configurationChanged} s without a delivery, nothing lost with QoS 1.`;
  return [
    costOf({
      kind: "pods-restart",
      subjects,
      title: count(pods, "pod restarts", "pods restart"),
      text,
      needsAttention: false,
    }),
  ];
}

function isHash(path: string): boolean {
  return path.includes(configHash);
}

/**
 * Tells whether a configuration becomes another one. Where a preview does not know it, the component's own inputs decide: a host name
 * of a namespace that changes in place is not known either, and stays.
 */
function doesConfigChange({ steps }: Preview, set: Step): boolean {
  if (!isUnknown(valueAt(set.after, ["spec", "template", "metadata", "annotations", configHash]))) return true;
  const component = steps.find(({ type, name }) => type === "mqtt-dataflow:index:Relay" && name === set.parent);
  const isNewHost = steps.some(
    ({ type, operation }) =>
      type.includes("eventgrid") && type.endsWith(":Namespace") && operation !== "update" && operation !== "same",
  );
  if (component?.before === undefined || component.after === undefined || isNewHost) return true;
  const endpoints = steps.filter(({ type }) => /^mqtt-dataflow:index:\w+Endpoint$/.test(type));
  return [component, ...endpoints].some(({ before, after }) =>
    pathDifferences(before, after).some((difference) => !isUnknown(difference.after)),
  );
}

/** Tells which resources the engine lists only because it does not know a value that stays as it is. */
export function onlyUnknown({ steps }: Preview): Step[] {
  return steps.filter(
    ({ operation, before, after, paths }) =>
      operation === "update" &&
      before !== undefined &&
      after !== undefined &&
      pathDifferences(before, after).every((difference) => isUnknown(difference.after)) &&
      [...paths.keys()].every((path) => isUnknownAt(after, path)),
  );
}

function isUnknownAt(inputs: unknown, path: string): boolean {
  const names = segmentsOf(path);
  // Whatever stands above may be what is not known; and the engine writes names that have dots in them without quotes.
  return names.some((_, index) => isUnknown(valueAt(inputs, names.slice(0, index + 1)))) || path.includes(configHash);
}

const reasons: readonly (readonly [RegExp, string])[] = [
  [new RegExp(configHash), "a new configuration"],
  [/\.image$/, "another image"],
  [/\.resources\b/, "other memory or CPU"],
  [/NODE_OPTIONS|\.env\b/, "other environment variables"],
  [/\.volumes?(Mounts)?\b/, "other mounted files"],
  [/\.topologySpreadConstraints/, "another spread over nodes"],
  [/serviceAccountName/, "another service account"],
];

function describeTemplate(set: Step, changed: readonly string[]): string {
  const words = changed.map((path) => {
    const [, word = path] = reasons.find(([pattern]) => pattern.test(path)) ?? [];
    if (word !== "another image") return word;
    const [before, after] = [set.before, set.after].map((inputs) => textAt(inputs, ...segmentsOf(path)) ?? "?");
    return `another image ("${before}" → "${after}")`;
  });
  return [...new Set(words)].join(", ");
}

function scalingOf(subjects: readonly string[], before: number, after: number): Cost[] {
  if (after === before) return [];
  const text =
    after > before
      ? `${before} → ${after} instances. The new ones share the topics with the others.`
      : `${before} → ${after} instances. The pods above the number end together; those that remain take up their sessions and deliver what waits in them.`;
  return [costOf({ kind: "scaled", subjects, title: `${before} → ${after} instances`, text, needsAttention: false })];
}

/** The configuration of a relay whose new content is not known, though it stays as it is. */
export function isConfigUnaffected(preview: Preview): boolean {
  const sets = preview.steps.filter((step) => isRelay(step) && step.operation === "update");
  const configs = preview.steps.filter((step) => isRelayConfig(step) && step.operation === "update");
  return configs.length > 0 && sets.length > 0 && sets.every((set) => !doesConfigChange(preview, set));
}
