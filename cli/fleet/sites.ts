import { existsSync } from "node:fs";
import path from "node:path";

import type * as v from "valibot";

import { readFields } from "../../components/stack-settings.ts";
import { list, nearestName } from "../../runtime/contract/config/field.ts";
import { depthProblem, sizeProblem } from "../../runtime/contract/config/limits.ts";
import { readText } from "../../runtime/contract/documents/parse-text.ts";
import { ConfigError, quote } from "../../runtime/contract/errors.ts";
import type { Problem } from "../../runtime/contract/errors.ts";
import { placer } from "../../runtime/contract/documents/placer.ts";
import type { TextDocument } from "../../runtime/contract/documents/text-document.ts";
import { readDocument } from "../../runtime/read-document.ts";
import { fleetSchema } from "./schema.ts";

/** One site: a stack of the fleet's program, which has the site's name. */
export interface Site {
  readonly name: string;
  /** What `pulumi --stack` takes for it: the name, after its organization where the file names one. */
  readonly stack: string;
  readonly ring: string;
  /** Absolute path; `undefined`: what kubectl takes by itself. */
  readonly kubeconfig: string | undefined;
  readonly context: string | undefined;
  /** Namespace of the relay. */
  readonly namespace: string;
  /**
   * Absolute path of the folder of its manifests: its cluster fetches them from a repository, so that a deployment reaches it
   * only later. `undefined`: the program deploys to the cluster.
   */
  readonly manifests: string | undefined;
}

/** Sites that are deployed together, before those of the next ring. */
export interface Ring {
  readonly name: string;
  readonly sites: readonly Site[];
}

/** A file of sites, read and judged. */
export interface Fleet {
  /** As it was named. */
  readonly file: string;
  /** Absolute path of its folder. */
  readonly folder: string;
  /** Absolute path of the folder of the program's Pulumi.yaml. */
  readonly programFolder: string;
  /** In the order of the rollout; one without sites is left out. */
  readonly rings: readonly Ring[];
  /** Stacks of the program that are known to be no sites. */
  readonly otherStacks: readonly string[];
}

/** What is looked for in the command line. */
export interface SiteChoice {
  /** Names of sites; empty: all of them. */
  readonly sites: readonly string[];
  /** Name of the last ring that is taken; `undefined`: all of them. */
  readonly throughRing?: string | undefined;
}

/**
 * Reads a file of sites, JSON or YAML.
 * @throws {ConfigError} with every problem, each at its line
 */
export function readFleet(file: string): Fleet {
  const text = readDocument(file);
  const tooLarge = sizeProblem(text);
  if (tooLarge !== undefined)
    throw new ConfigError(file, [{ ...tooLarge, remedy: "spread the sites over more files" }]);
  const document = parse(text, file);
  const folder = path.dirname(path.resolve(file));
  const read = readFields(fleetSchema, document.value);
  const value = "value" in read ? read.value : undefined;
  const problems = [
    ...("problems" in read ? read.problems : []),
    ...reservedNames(document.value),
    ...(value === undefined ? [] : [...checkRings(value), ...checkProgram(value, folder)]),
  ];
  if (value === undefined || problems.length > 0) {
    const placeOf = placer(problems.map(({ path: at }) => ({ document, path: at })));
    throw new ConfigError(
      file,
      problems.map((problem) => ({ ...problem, at: placeOf({ document, path: problem.path }) })),
    );
  }
  return build(value, file, folder);
}

/** @throws {ConfigError} when the text is not one document that can be read */
function parse(text: string, file: string): TextDocument {
  const read = readText(text, file);
  if ("problem" in read) {
    const { problem, remedy, line, column } = read;
    throw new ConfigError(file, [{ path: "document", problem, remedy, at: { file, line, column } }]);
  }
  const [document, second] = read;
  if (document === undefined || second !== undefined) {
    const problem = document === undefined ? "is empty" : "has several documents";
    throw new ConfigError(file, [{ path: "document", problem, remedy: "give one object with version and sites" }]);
  }
  const tooDeep = depthProblem(document.value);
  if (tooDeep !== undefined) throw new ConfigError(file, [tooDeep]);
  return document;
}

type FleetValue = v.InferOutput<typeof fleetSchema>;

function build(value: FleetValue, file: string, folder: string): Fleet {
  const last = value.rings.at(-1) ?? "";
  const sites = Object.entries(value.sites).map(([name, { ring, kubernetes, manifests }]): Site => ({
    name,
    stack: value.organization === undefined ? name : `${value.organization}/${name}`,
    ring: ring ?? last,
    kubeconfig: kubernetes.kubeconfig === undefined ? undefined : path.resolve(folder, kubernetes.kubeconfig),
    context: kubernetes.context,
    namespace: kubernetes.namespace,
    manifests: manifests === undefined ? undefined : path.resolve(folder, manifests),
  }));
  return {
    file,
    folder,
    programFolder: path.resolve(folder, value.program),
    rings: value.rings
      .map((name) => ({ name, sites: sites.filter(({ ring }) => ring === name) }))
      .filter((ring) => ring.sites.length > 0),
    otherStacks: value.otherStacks,
  };
}

/** Names that objects have a meaning for; the schema's library leaves them out without a word. */
function reservedNames(document: unknown): Problem[] {
  const given = (document as { readonly sites?: unknown } | null)?.sites;
  if (typeof given !== "object" || given === null) return [];
  return ["__proto__", "prototype", "constructor"]
    .filter((name) => Object.hasOwn(given, name))
    .map((name) => ({ path: `sites.${name}`, problem: "is a reserved name", remedy: "give the site another name" }));
}

function checkRings({ rings, sites }: FleetValue): Problem[] {
  return Object.entries(sites).flatMap(([name, { ring }]) => {
    if (ring === undefined || rings.includes(ring)) return [];
    const nearest = nearestName(ring, rings);
    const remedy =
      nearest === undefined ? `use one of ${list(rings)}, or add it to rings` : `did you mean "${nearest}"?`;
    return [{ path: `sites.${name}.ring`, problem: `is ${quote(ring)}, which is not in rings`, remedy }];
  });
}

function checkProgram({ program }: FleetValue, folder: string): Problem[] {
  const isThere = ["Pulumi.yaml", "Pulumi.yml", "Pulumi.json"].some((name) =>
    existsSync(path.resolve(folder, program, name)),
  );
  if (isThere) return [];
  const problem = `is ${quote(program)}, and there is no Pulumi.yaml in it`;
  return [{ path: "program", problem, remedy: "give the folder of the program, from the folder of this file" }];
}

/**
 * Leaves the sites that the command line asks for; rings without any are left out.
 * @throws {ConfigError} naming each site and ring that is not in the file
 */
export function chooseSites(fleet: Fleet, { sites, throughRing }: SiteChoice): Fleet {
  const names = fleet.rings.flatMap((ring) => ring.sites.map(({ name }) => name));
  const ringNames = fleet.rings.map(({ name }) => name);
  const problems = [
    ...sites.filter((name) => !names.includes(name)).map((name) => unknown("--site", "site", name, names)),
    ...(throughRing === undefined || ringNames.includes(throughRing)
      ? []
      : [unknown("--ring", "ring", throughRing, ringNames)]),
  ];
  if (problems.length > 0) throw new ConfigError(fleet.file, problems);
  const lastRing = throughRing === undefined ? ringNames.length : ringNames.indexOf(throughRing) + 1;
  const rings = fleet.rings
    .slice(0, lastRing)
    .map((ring) => ({ ...ring, sites: ring.sites.filter(({ name }) => sites.length === 0 || sites.includes(name)) }));
  return { ...fleet, rings: rings.filter((ring) => ring.sites.length > 0) };
}

function unknown(option: string, noun: string, name: string, known: readonly string[]): Problem {
  const nearest = nearestName(name, known);
  const remedy = nearest === undefined ? `use one of ${list(known)}` : `did you mean "${nearest}"?`;
  return { path: option, problem: `is ${quote(name)}, and the file has no such ${noun}`, remedy };
}

/** All sites of a fleet, in the order of the rollout. */
export function sitesOf({ rings }: Pick<Fleet, "rings">): Site[] {
  return rings.flatMap(({ sites }) => sites);
}
