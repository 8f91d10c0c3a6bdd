import type { DiagnosticEvent, EngineEvent, PolicyEvent, StateMetadata, StepMetadata } from "./engine-events.ts";
import type { Fields } from "./values.ts";

/** What one preview says, resource by resource: the events put in order. */
export interface Preview {
  readonly project: string;
  readonly stack: string;
  /** Whether it compares the state with what there is, as `pulumi refresh` does, and not with a program. */
  readonly isRefresh: boolean;
  /** Whether the engine came to its end: without its summary the rest of the preview is missing. */
  readonly isComplete: boolean;
  /** One for each resource, those that stay as they are too, as far as the input has them. */
  readonly steps: readonly Step[];
  readonly counts: { readonly [operation: string]: number | undefined };
  readonly diagnostics: readonly DiagnosticEvent[];
  readonly violations: readonly PolicyEvent[];
}

export type Operation = "same" | "create" | "update" | "replace" | "delete" | "read" | "import" | "refresh";

/** What happens to one resource. */
export interface Step {
  readonly operation: Operation;
  readonly urn: string;
  readonly type: string;
  /** Name in the program. */
  readonly name: string;
  readonly parent: string;
  readonly before?: Fields;
  readonly after?: Fields;
  /** The outputs that the resource had, such as the ID that Azure gave it. */
  readonly outputs: Fields;
  readonly isProtected: boolean;
  /** Changed properties by their path, with whether they ask for a replacement; none where the engine lists none. */
  readonly paths: ReadonlyMap<string, boolean>;
}

/** How the engine's operations count here; those that are missing, such as `discard-read`, change nothing. */
const operations: { readonly [op: string]: Operation | undefined } = {
  same: "same",
  create: "create",
  update: "update",
  replace: "replace",
  "create-replacement": "replace",
  "delete-replaced": "replace",
  delete: "delete",
  read: "read",
  "read-replacement": "replace",
  refresh: "refresh",
  import: "import",
  "import-replacement": "replace",
};

/** The event of a replacement that has both states comes before those of its parts. */
const partsOfReplacement = ["delete-replaced", "create-replacement"];

/**
 * Puts the events of one preview in order, whoever tells them: the Automation API, the event log or `preview --json`.
 * @param named what the stack and its project are called, for a preview that ended before its first resource
 */
export function readEvents(
  events: readonly EngineEvent[],
  named: { readonly stack: string; readonly project?: string | undefined },
): Preview {
  const steps = readSteps(events);
  const urn = steps[0]?.urn ?? events.find(({ diagnosticEvent }) => diagnosticEvent?.urn)?.diagnosticEvent?.urn ?? "";
  const [, stack = named.stack, project = named.project ?? ""] = /^urn:pulumi:(.+?)::(.+?)::/.exec(urn) ?? [];
  const isRefresh = steps.length > 0 && events.every(isOfRefresh);
  return {
    project,
    stack,
    isRefresh,
    isComplete: events.some(({ summaryEvent }) => summaryEvent !== undefined),
    steps,
    counts: events.findLast(({ summaryEvent }) => summaryEvent !== undefined)?.summaryEvent?.resourceChanges ?? {},
    diagnostics: events.flatMap(({ diagnosticEvent }) => (diagnosticEvent === undefined ? [] : [diagnosticEvent])),
    violations: events.flatMap(({ policyEvent }) => (policyEvent === undefined ? [] : [policyEvent])),
  };
}

function isOfRefresh({ resourcePreEvent: event }: EngineEvent): boolean {
  return event === undefined || event.metadata.op === "refresh" || event.metadata.type.startsWith("pulumi:");
}

function readSteps(events: readonly EngineEvent[]): Step[] {
  const found = new Map<string, StepMetadata>();
  for (const { resourcePreEvent, resOutputsEvent } of events) {
    const metadata = resourcePreEvent?.metadata ?? resOutputsEvent?.metadata;
    if (metadata === undefined) continue;
    const before = found.get(metadata.urn);
    // What a refresh finds stands in the event after it.
    const isFound = resOutputsEvent !== undefined && before?.op === "refresh";
    const isWhole = before !== undefined && partsOfReplacement.includes(before.op) && metadata.op === "replace";
    if (before === undefined || isFound || isWhole) found.set(metadata.urn, metadata);
  }
  return [...found.values()].flatMap(readStep);
}

function readStep(metadata: StepMetadata): Step[] {
  const operation = operations[metadata.op];
  if (operation === undefined) return [];
  const { urn, old, new: next } = metadata;
  const before = inputsOf(old);
  const after = inputsOf(next);
  return [
    {
      operation,
      urn,
      type: metadata.type,
      name: nameOf(urn),
      parent: nameOf(next?.parent ?? old?.parent ?? ""),
      ...(before === undefined ? {} : { before }),
      ...(after === undefined || operation === "delete" ? {} : { after }),
      outputs: old?.outputs ?? {},
      isProtected: (old ?? next)?.protect ?? false,
      paths: pathsOf(metadata),
    },
  ];
}

function inputsOf(state: StateMetadata | null | undefined): Fields | undefined {
  return state?.inputs ?? (state === null || state === undefined ? undefined : {});
}

function pathsOf({ detailedDiff, diffs, keys }: StepMetadata): ReadonlyMap<string, boolean> {
  const listed = Object.entries(detailedDiff ?? {});
  if (listed.length > 0) return new Map(listed.map(([path, { diffKind }]) => [path, diffKind.endsWith("replace")]));
  const replacing = keys ?? [];
  return new Map([...replacing, ...(diffs ?? [])].map((path) => [path, replacing.includes(path)]));
}

/** `urn:pulumi:oslo::…::kubernetes:core/v1:ConfigMap::oslo-relay-cfg` → `oslo-relay-cfg` */
export function nameOf(urn: string): string {
  return urn.split("::").slice(3).join("::");
}
