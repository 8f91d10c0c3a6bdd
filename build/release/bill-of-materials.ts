import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import path from "node:path";

import { bundledPackages } from "../licenses.ts";

const root = path.join(import.meta.dirname, "../..");

/** One package, as CycloneDX has it; more fields than these are kept as they are. */
interface Component {
  readonly "bom-ref": string;
  readonly name: string;
  readonly version: string;
}

interface Dependency {
  readonly ref: string;
  readonly dependsOn?: readonly string[];
}

/** What `npm sbom` prints. @see CycloneDX 1.5 */
interface Bom {
  readonly $schema: string;
  readonly bomFormat: string;
  readonly specVersion: string;
  readonly metadata: { readonly tools: unknown };
  readonly components: readonly Component[];
  readonly dependencies: readonly Dependency[];
}

/** What a bill of materials is of. */
export interface Subject {
  readonly name: string;
  readonly version: string;
  readonly type: "application" | "container" | "library";
  readonly description: string;
  readonly license: string;
  /** Files of its bundles, by path from the folder of the project. */
  readonly files: readonly string[];
}

/** Every package of the lock file, with its hash and its licence, as npm knows them without asking a registry. */
export function readLockedPackages(): Bom {
  const args = ["sbom", "--sbom-format", "cyclonedx", "--package-lock-only"];
  return JSON.parse(execFileSync("npm", args, { cwd: root, encoding: "utf8", maxBuffer: 64 * 1024 * 1024 })) as Bom;
}

/**
 * Makes the CycloneDX bill of materials of a bundle: the packages that are in it, not all that were installed to build it. The
 * same bytes for the same content; npm's own has another number and time in each run.
 * @throws {Error} when a package in the bundle is not in the lock file
 */
export function describeMaterials(locked: Bom, subject: Subject, builtSeconds: number): string {
  const { name, version, type, description, license } = subject;
  const ref = `${name}@${version}`;
  const refs = bundledPackages(subject.files).map((bundled) => `${bundled.name}@${bundled.version}`);
  const components = locked.components.filter((component) => refs.includes(component["bom-ref"]));
  const unknown = refs.filter((one) => !components.some((component) => component["bom-ref"] === one));
  if (unknown.length > 0) throw new Error(`${name} has ${unknown.join(", ")} in it, and package-lock.json has not`);
  const included = new Set(refs);
  const dependencies = locked.dependencies
    .filter((dependency) => included.has(dependency.ref))
    .map((one) => ({ ref: one.ref, dependsOn: (one.dependsOn ?? []).filter((other) => included.has(other)) }));
  const content = {
    metadata: {
      timestamp: new Date(builtSeconds * 1000).toISOString(),
      tools: locked.metadata.tools,
      component: { "bom-ref": ref, type, name, version, description, licenses: [{ license: { id: license } }] },
    },
    components,
    dependencies: [{ ref, dependsOn: [...included].sort() }, ...dependencies],
  };
  const { $schema, bomFormat, specVersion } = locked;
  const serialNumber = `urn:uuid:${uuidOf(JSON.stringify(content))}`;
  return `${JSON.stringify({ $schema, bomFormat, specVersion, serialNumber, version: 1, ...content }, undefined, 2)}\n`;
}

/** A UUID of version 8, which has a form and no meaning: made of a hash. @see RFC 9562 §5.8 */
function uuidOf(text: string): string {
  const hex = createHash("sha256").update(text).digest("hex");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}
