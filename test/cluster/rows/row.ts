import type { rowParts } from "../node/programs.ts";
import type { Account } from "../site/ledger.ts";
import type { Cluster, Site } from "../site/site.ts";

/** The sites of a run; each is opened when a row first asks for it. */
export interface Sites {
  /** One relay without a disk, that most is done to. */
  readonly main: Site;
  /** One with a disk. */
  readonly disk: Site;
  /** One with 20 dataflows and as little memory as a preview takes. */
  readonly narrow: Site;
  /** One whose messages are large, with the memory that a relay has by default. */
  readonly large: Site;
  /** One that nothing is done to. */
  readonly steady: Site;
  /** One of the release before: its image, its components, and a disk. */
  readonly upgraded: Site;
  /** One whose manifests are files of a Git repository. */
  readonly gitOps: Site;
  /** An example, deployed by Pulumi's command line. */
  readonly example: Site;
  /** `stacks/`, deployed by Pulumi's command line. */
  readonly stacks: Site;
}

export type SiteName = keyof Sites;

/** What one row may do. */
export interface Stage {
  readonly cluster: Cluster;
  readonly site: Site;
  /** When the site was opened. */
  readonly openedMs: number;
}

/** One thing that happens to a relay in a cluster. */
export interface Row {
  /** For the command line. */
  readonly name: string;
  /** What is done, for the page. */
  readonly title: string;
  readonly site: SiteName;
  /** Programs that it takes beside those of the node. */
  readonly needs?: readonly (typeof rowParts)[number][];
  readonly promise: Promised;
  /** Warnings of Kubernetes that what is done draws, as their texts begin; any other one about an object of ours is a failure. */
  readonly warnings?: readonly string[];
  /** Milliseconds of an idle machine for the rest to arrive afterwards; 45 s when omitted. */
  readonly settleMs?: number;
  /** @returns what was seen besides, for the page */
  run(stage: Stage): Promise<string>;
  /**
   * Ends the site, once the messages of the row have arrived and nothing is published any more.
   * @returns what was seen of it, for the page
   */
  end?(stage: Stage): Promise<string>;
}

/** A relay is not ready while a broker is away or refuses it, and while it ends. */
export const unready = "Unhealthy: Readiness probe failed";
/** Where all pods of a node start at once, with the node's own programs, one may listen later than its first probe asks. */
export const unstarted = "Unhealthy: Startup probe failed";
/** There is no other node for a pod that a drained one has lost. */
export const unschedulable = "FailedScheduling";

/** What a row may cost; a message is never lost. */
export interface Promised {
  /** Messages that may come twice. */
  readonly duplicates: number;
  /** Seconds without a message, on an idle machine. */
  readonly gapSeconds: number;
}

export interface RowResult {
  readonly kind: "row";
  readonly name: string;
  readonly title: string;
  readonly promise: Promised;
  readonly account: Account;
  readonly seen: string;
  readonly seconds: number;
  /** Warnings that Kubernetes gave meanwhile about objects of ours, each once. */
  readonly warnings: readonly string[];
  /** Why it has failed; empty when it has not. */
  readonly failures: readonly string[];
}
