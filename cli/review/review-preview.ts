import { findAccessChanges } from "./access-changes.ts";
import { count } from "./cost.ts";
import { findDataflowChanges } from "./dataflow-changes.ts";
import { findRelays } from "./declared-dataflows.ts";
import { findFindings, findUnapplied } from "./findings.ts";
import { findLimitCosts } from "./limits.ts";
import { findPodCosts, isConfigUnaffected, onlyUnknown } from "./pods.ts";
import type { Preview } from "./preview.ts";
import { findResourceChanges } from "./resource-changes.ts";
import type { Cost, OperationCounts, StackReview } from "./review.ts";
import { findRisks, hostsThatEnd } from "./risks.ts";
import { findSecretChanges } from "./secret-changes.ts";
import { findSessionCosts } from "./sessions.ts";
import { findTopicSpaceChanges } from "./topic-spaces.ts";
import { judge, summarize } from "./verdict.ts";
import type { Judged } from "./verdict.ts";

/** Says what one preview means. Never throws. */
export function reviewPreview(preview: Preview): StackReview {
  const relays = findRelays(preview);
  const dataflows = findDataflowChanges(preview, relays);
  const costs = preview.isRefresh
    ? []
    : [
        ...findRisks(preview, relays),
        ...findPodCosts(preview),
        ...findSessionCosts(relays, dataflows, hostsThatEnd(preview)),
        ...findLimitCosts(preview, relays),
      ];
  const judged: Judged = {
    project: preview.project,
    stack: preview.stack,
    isDrift: preview.isRefresh,
    operations: countsOf(preview),
    dataflows,
    access: findAccessChanges(preview),
    topicSpaces: findTopicSpaceChanges(preview),
    costs: costs.sort((a, b) => order(a) - order(b)),
    secrets: findSecretChanges(preview),
    findings: findFindings(preview),
    resources: findResourceChanges(preview),
    notes: notesOf(preview),
  };
  return { ...judged, ...judge(judged), summary: summarize(judged) };
}

/** The gravest first. */
const kinds: readonly Cost["kind"][] = [
  "data-deleted",
  "disk-left",
  "pods-replaced",
  "sessions-abandoned",
  "host-changed",
  "deleted",
  "replaced",
  "scaled",
  "pods-restart",
  "limit",
  "disk-grows",
];

function order({ kind, needsAttention }: Cost): number {
  return kinds.indexOf(kind) + (needsAttention ? 0 : kinds.length);
}

/** As the engine counts, where it has come to its summary; else what is there. */
function countsOf({ steps, counts }: Preview): OperationCounts {
  const isTold = Object.keys(counts).length > 0;
  const number = (operation: string) => {
    if (isTold) return counts[operation] ?? 0;
    return steps.filter((step) => step.operation === operation && !step.type.startsWith("pulumi:providers:")).length;
  };
  return {
    create: number("create") + number("import"),
    update: number("update"),
    replace: number("replace"),
    delete: number("delete"),
    same: number("same"),
  };
}

function notesOf(preview: Preview): string[] {
  const notes: string[] = [];
  const unapplied = findUnapplied(preview);
  if (unapplied.size > 0) {
    const number = [...unapplied.values()].reduce((sum, one) => sum + one, 0);
    notes.push(
      `${count(number, "check")} of ${count(unapplied.size, "policy", "policies")} (${[...unapplied.keys()].sort().join(", ")}) wait for the deployment, ` +
        `which gives the values that they look at: they run then, before each resource is created.`,
    );
  }
  const unknown = onlyUnknown(preview).filter(({ type }) => !type.startsWith("mqtt-dataflow:"));
  if (unknown.length > 0 && isConfigUnaffected(preview)) {
    notes.push(
      `The engine lists ${count(unknown.length, "more resource")} as changed, because a preview does not know the host name of a namespace that changes. ` +
        `The host name stays, and so do they: ${unknown
          .map(({ name }) => name)
          .sort()
          .join(", ")}.`,
    );
  }
  return notes;
}
