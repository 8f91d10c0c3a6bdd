import type { PackageSchema } from "./schema.ts";

/** One thing that differs between two schemas. */
export interface SchemaChange {
  /** Where, such as `resources.mqtt-dataflow:index:Relay.inputProperties.site`. */
  readonly path: string;
  /** What is different there. */
  readonly change: string;
  /** Whether a program that was written for the one may fail with the other. */
  readonly breaking: boolean;
}

/** Lists what differs, in the order of the paths; the version is no difference. */
export function compareSchemas(stored: PackageSchema, inferred: PackageSchema): SchemaChange[] {
  const [before, after] = [flatten(stored), flatten(inferred)];
  const removed = outermost(before, after).map((path) => describeRemoval(path, before));
  const added = outermost(after, before).map((path) => describeAddition(path, before, after));
  const changed = [...before]
    .filter(([path, value]) => after.has(path) && after.get(path) !== value)
    .map(([path, value]) => describeChange(path, value, after.get(path) ?? ""));
  return [...removed, ...added, ...changed].sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** What a branch has as its value; a leaf's is JSON and never empty. */
const branch = "";

/** Every leaf and every branch by its path. Lists become sets of what is in them. */
function flatten(value: unknown, path = "", into = new Map<string, string>()): Map<string, string> {
  // What is optional stands a second time in the lists of what is required.
  if (path === "version" || (path.endsWith(".optional") && value === true)) return into;
  if (Array.isArray(value)) {
    if (path !== "") into.set(path, branch);
    for (const item of value as unknown[]) flattenItem(item, path, into);
  } else if (typeof value === "object" && value !== null) {
    if (path !== "") into.set(path, branch);
    for (const [key, child] of Object.entries(value)) flatten(child, path === "" ? key : `${path}.${key}`, into);
  } else {
    into.set(path, JSON.stringify(value));
  }
  return into;
}

/** An item of `required` is a name, and one of `enum` has a name. */
function flattenItem(item: unknown, path: string, into: Map<string, string>): void {
  if (typeof item === "string") into.set(`${path}.${item}`, branch);
  else flatten(item, `${path}.${(item as { readonly name?: string }).name ?? ""}`, into);
}

/** The paths that only `one` has, without those below another such path. */
function outermost(one: ReadonlyMap<string, string>, other: ReadonlyMap<string, string>): string[] {
  const missing = [...one.keys()].filter((path) => !other.has(path));
  const all = new Set(missing);
  return missing.filter((path) => !all.has(path.slice(0, path.lastIndexOf("."))));
}

/** A name in the list of properties that have to be given. */
const requiredInput = /^(resources\.[^.]+\.requiredInputs|types\.[^.]+\.required)\./;

/** Tells a text for people from a property that is called "description" too, which is a branch. */
function isText(path: string, value: string | undefined): boolean {
  return /(^|\.)description$/.test(path) && value !== branch;
}

/** Tells the mark of a property that takes no outputs from a property that is called "plain". */
function isPlainMark(path: string, schema: ReadonlyMap<string, string>): boolean {
  return path.endsWith(".plain") && schema.get(path) === "true";
}

function describeRemoval(path: string, before: ReadonlyMap<string, string>): SchemaChange {
  if (requiredInput.test(path)) return { path, change: "need not be given any more", breaking: false };
  if (isPlainMark(path, before)) return { path, change: "may be an output", breaking: false };
  return { path, change: "is gone", breaking: !isText(path, before.get(path)) };
}

function describeAddition(
  path: string,
  before: ReadonlyMap<string, string>,
  after: ReadonlyMap<string, string>,
): SchemaChange {
  if (isPlainMark(path, after)) return { path, change: "may be no output any more", breaking: true };
  if (!requiredInput.test(path)) return { path, change: "is added", breaking: false };
  // Within something that is added as a whole this path is not the outermost.
  const owner = path.split(".").slice(0, 2).join(".");
  return { path, change: "has to be given", breaking: before.has(owner) };
}

function describeChange(path: string, before: string, after: string): SchemaChange {
  if (isText(path, before)) return { path, change: "has another text", breaking: false };
  return { path, change: `is ${after}, was ${before}`, breaking: true };
}

/** Says what differs and how to accept it. */
export function formatChanges(changes: readonly SchemaChange[]): string {
  const lines = changes.map(({ path, change, breaking }) => `  ${breaking ? "BREAKING " : ""}${path}: ${change}`);
  const heading = `the schema of the components differs from schema.json in ${changes.length} ${changes.length === 1 ? "place" : "places"}:`;
  const remedy =
    "If that is meant, renew the stored copy with: npm run schema\n" +
    "and name each breaking change in CHANGELOG.md: programs in other languages stop working with it.";
  return [heading, ...lines, remedy].join("\n");
}
