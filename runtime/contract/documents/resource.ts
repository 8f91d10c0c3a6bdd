import type { TextDocument } from "./text-document.ts";

/** A place in a document that was read. */
export interface Spot {
  readonly document: TextDocument;
  /** Path in the document, `items[0].spec`; `""` is the whole of it. */
  readonly path: string;
}

/** Kinds of AIO's resources that dataflows are made of. */
export type ResourceKind = "DataflowEndpoint" | "Dataflow" | "DataflowProfile";

/** One of AIO's resources, whatever form of file it came in. */
export interface Resource {
  readonly kind: ResourceKind;
  readonly name: string;
  /** Where the name stands, or the resource where the name stands elsewhere. */
  readonly nameSpot: Spot;
  /** Of a `Dataflow`: the profile that it belongs to. */
  readonly profile: string;
  /** Kubernetes calls it `spec`, Azure Resource Manager `properties`. */
  readonly spec: Readonly<Record<string, unknown>>;
  readonly spot: Spot;
  /** Expressions in it that only a deployment resolves, with their paths in the document. */
  readonly unresolved: readonly Unresolved[];
}

/** An expression whose value is not in the file. */
export interface Unresolved {
  readonly path: string;
  readonly expression: string;
}

/** Something to say of a place. */
export interface Remark {
  readonly spot: Spot;
  readonly text: string;
  /** The dataflow that it is about, by name. */
  readonly dataflow?: string;
}

/** A problem of a place. */
export interface SpottedProblem {
  readonly spot: Spot;
  readonly problem: string;
  readonly remedy: string;
}

/** What the documents hold. */
export interface Findings {
  readonly resources: Resource[];
  /** What can't be run or read, by name and with the reason. */
  readonly skipped: Remark[];
  readonly notes: Remark[];
  readonly problems: SpottedProblem[];
  /** How many resources of other kinds there are, by kind, each with the place of the first. */
  readonly others: Map<string, { readonly spot: Spot; count: number }>;
}

/** Profile of a dataflow that names none. @see Azure IoT Operations, Configure a data flow profile */
export const defaultProfile = "default";

/** Makes an empty {@link Findings}. */
export function noFindings(): Findings {
  return { resources: [], skipped: [], notes: [], problems: [], others: new Map() };
}

/** Counts a resource of a kind that has nothing to do with dataflows. */
export function countOther({ others }: Findings, kind: string, spot: Spot): void {
  const other = others.get(kind);
  if (other === undefined) others.set(kind, { spot, count: 1 });
  else other.count += 1;
}

/** An object as JSON has it. */
export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
