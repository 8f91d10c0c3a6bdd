/**
 * What a preview means. `none`: nothing changes. `safe`: no message is lost, nobody loses access, and nothing has to be done
 * besides. `attention`: somebody has to read the reasons before the change goes out. `blocked`: the change can't be deployed as it is.
 */
export type Verdict = "none" | "safe" | "attention" | "blocked";

/** The review of the previews of one or several stacks, as `--json` prints it. */
export interface Review {
  /** Raised when a field changes its meaning or goes; fields are added without. */
  readonly version: 1;
  /** The gravest of all stacks. */
  readonly verdict: Verdict;
  /** Why, for `attention` and `blocked`: the most important first, each in one line. Of several stacks each begins with the stack's name. */
  readonly reasons: readonly string[];
  /** Sorted by verdict, the gravest first, and then by name. */
  readonly stacks: readonly StackReview[];
}

export interface StackReview {
  readonly project: string;
  /** Name of the stack without organization and project: `oslo`. */
  readonly stack: string;
  readonly verdict: Verdict;
  readonly reasons: readonly string[];
  /** What happens in a few words, the most important first: `1 dataflow added`, `1 pod restarts`. */
  readonly summary: readonly string[];
  /** Whether it compares the state with what there is, as `pulumi refresh --preview-only` does: then "after" is what was found. */
  readonly isDrift: boolean;
  readonly operations: OperationCounts;
  readonly dataflows: readonly DataflowChange[];
  readonly access: readonly AccessChange[];
  readonly topicSpaces: readonly TopicSpaceChange[];
  readonly costs: readonly Cost[];
  readonly secrets: readonly SecretChange[];
  readonly findings: readonly Finding[];
  /** What the engine would do to each resource, those that stay as they are left out. */
  readonly resources: readonly ResourceChange[];
  /** What was left out or could not be known, each in one line. */
  readonly notes: readonly string[];
}

/** How many resources the engine would change. Components of Pulumi and the stack itself count too, as in the engine's own summary. */
export interface OperationCounts {
  readonly create: number;
  readonly update: number;
  readonly replace: number;
  readonly delete: number;
  readonly same: number;
}

/** A dataflow that is added, removed or changed. */
export interface DataflowChange {
  readonly change: "added" | "removed" | "changed";
  readonly name: string;
  /** Which relay or instance has it, where the stack has several: the name of the component. */
  readonly owner: string;
  /** None of an added dataflow. */
  readonly before?: Dataflow;
  /** None of a removed dataflow. */
  readonly after?: Dataflow;
  /** Of a changed one: fields of {@link Dataflow}, or paths of the relay's configuration such as `relay.spool.mode`. */
  readonly changed: readonly string[];
}

/** A dataflow in the words that its readers ask for. What a preview can't know is omitted. */
export interface Dataflow {
  readonly engine: "Relay" | "AzureIoTOperations";
  readonly isEnabled: boolean;
  readonly source: Side;
  readonly destination: Side;
  readonly topicsFrom: readonly string[];
  readonly topicTo: string;
  /** Whether the relay keeps what waits on a disk; none of AIO's engine. */
  readonly usesDisk?: boolean;
}

export interface Side {
  readonly endpoint: string;
  readonly host?: string;
  readonly qos?: number;
  readonly retain?: string;
}

/** A role or a permission that somebody gets or loses. */
export interface AccessChange {
  readonly change: "granted" | "revoked";
  /** Name of the role, its GUID where it is none that is known here. */
  readonly role: string;
  /** Who: `identity 00000000-…`, by its object ID; `client group "line4"`; the subject of a service account. */
  readonly holder: string;
  /** Where: `topic space "telemetry" of "contoso"`, `namespace "contoso"`, or a resource ID. */
  readonly scope: string;
  /** How far it reaches. `wider`: beyond a namespace, or the role lets its holder change resources. */
  readonly reach: "topic-space" | "namespace" | "wider";
  /** Whether the holder had no role of this stack before. */
  readonly isNewHolder: boolean;
}

/** A topic space whose topics change: with them, what everybody reaches who has a role there. */
export interface TopicSpaceChange {
  readonly change: "added" | "removed" | "changed";
  readonly name: string;
  readonly before: readonly string[];
  readonly after: readonly string[];
}

/** What a change costs while it happens, or puts at risk. */
export interface Cost {
  readonly kind:
    | "pods-restart"
    | "pods-replaced"
    | "scaled"
    | "sessions-abandoned"
    | "host-changed"
    | "data-deleted"
    | "disk-left"
    | "disk-grows"
    | "deleted"
    | "replaced"
    | "limit";
  /** Names of what it is about: a StatefulSet, sessions, an endpoint. The first 20. */
  readonly subjects: readonly string[];
  /** How many subjects there are. */
  readonly count: number;
  /** What happens, in a few words: `2 sessions are abandoned`. */
  readonly title: string;
  /** The same with what it means, in sentences. */
  readonly text: string;
  /** Whether it makes the verdict `attention`. */
  readonly needsAttention: boolean;
}

/** A Secret, a certificate or a CA whose content changes. Never has the content. */
export interface SecretChange {
  readonly change: "created" | "changed" | "deleted";
  /** `Secret`, `ConfigMap with CA certificates`, `CA certificate of the namespace`, … */
  readonly kind: string;
  readonly name: string;
  /** Keys whose content changes, where they are known. */
  readonly keys: readonly string[];
}

/** What the engine, the program or a policy says. */
export interface Finding {
  readonly kind: "error" | "violation" | "advisory" | "warning";
  /** Type and name of the resource, or name of the stack. */
  readonly resource: string;
  /** Policy pack and policy of a violation. */
  readonly policy?: string;
  /** In the words of the preview, without colours. */
  readonly message: string;
}

/** One resource of the engine's diff. */
export interface ResourceChange {
  readonly operation: "create" | "update" | "replace" | "delete" | "import";
  readonly type: string;
  readonly name: string;
  readonly isProtected: boolean;
  /** Whether the engine lists it only because it does not know a value yet that may stay as it is. */
  readonly isUnknownOnly: boolean;
  readonly properties: readonly PropertyChange[];
}

export interface PropertyChange {
  /** Path as the engine writes it: `spec.replicas`. */
  readonly path: string;
  /** Whether the change of this one asks for a replacement. */
  readonly replaces: boolean;
  /** JSON, shortened; `[secret]` and `[unknown]` stand for what is secret or not known. None of what is added. */
  readonly before?: string;
  /** None of what is removed. */
  readonly after?: string;
}
