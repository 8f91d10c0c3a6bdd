import type { Problem } from "../../runtime/errors.ts";

/** A rule of the checks between resources, as `doc/checks.md` lists it. */
export interface Rule {
  /** What it asks for, as one sentence without a period. */
  readonly title: string;
  /** Where it comes from: a document, with its date where it changes. */
  readonly source: string;
}

/** The rules by the name that every refusal carries in brackets, `[session-limit]`. */
export const rules = {
  "authentication-fields": {
    title: "An authentication method has exactly its own settings",
    source: "Specification, Authentication methods",
  },
  "client-id-prefix": {
    title: "Client identifiers at a shared broker begin with what no other site has",
    source: "Azure IoT Operations, Known issues, 8891",
  },
  "namespace-bounds": {
    title: "The namespace's numbers are within Azure's bounds",
    source: "Azure REST API, Namespaces (2025-02-15), and Event Grid, quotas (2025-07-30)",
  },
  "node-identity": {
    title: "The relay uses a system-assigned identity only where its nodes are said to have one",
    source: "Azure IoT Operations, Enable secure settings",
  },
  "session-limit": {
    title: "The sessions of one authentication name are at least 3, and at least those that the dataflows open",
    source: "Specification, Enable MQTT, and Event Grid, MQTT support (2025-07-30)",
  },
  "topic-coverage": {
    title: "Topics of dataflows fall into a topic space",
    source: "Event Grid, Topic spaces",
  },
  "topic-space": {
    title: "Topic spaces and topic templates have names, numbers and variables that Event Grid takes",
    source: "Event Grid, Topic spaces, and quotas (2025-07-30)",
  },
  "trust-bundle": {
    title: "The CA of a local broker is where the relay's pods can mount it",
    source: "Kubernetes, Volumes, configMap",
  },
} as const satisfies { readonly [name: string]: Rule };

export type RuleName = keyof typeof rules;

/** Marks problems with the rule that found them. */
export function byRule(rule: RuleName, problems: readonly Problem[]): Problem[] {
  return problems.map((problem) => ({ ...problem, rule }));
}
