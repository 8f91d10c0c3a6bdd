import { ConfigError, quote } from "../../runtime/contract/errors.ts";
import type { Problem } from "../../runtime/contract/errors.ts";
import type { Engine, StackFacts } from "./engine.ts";
import { sitesOf } from "./sites.ts";
import type { Fleet, Site } from "./sites.ts";

/** How the sites of a file and the stacks of its program differ. */
export interface StackDifferences {
  /** Sites without a stack. */
  readonly missing: readonly Site[];
  /** Stacks without a site: the site was renamed or removed. Nothing is ever done to them. */
  readonly orphans: readonly string[];
}

/** Compares all sites of a file, and not only the chosen ones, with the stacks that there are. */
export function compareStacks(fleet: Fleet, stacks: ReadonlyMap<string, StackFacts>): StackDifferences {
  const sites = sitesOf(fleet);
  const known = new Set([...sites.map(({ name }) => name), ...fleet.otherStacks]);
  return {
    missing: sites.filter(({ name }) => !stacks.has(name)),
    orphans: [...stacks.keys()].filter((name) => !known.has(name)).sort(),
  };
}

/** Says of each site without a stack how it gets one. */
export function missingStacks(missing: readonly Site[], orphans: readonly string[]): Problem[] {
  const [orphan] = orphans;
  return missing.map(({ name, stack }) => {
    const renamed =
      orphan === undefined
        ? ""
        : `, or, if the site had the name ${quote(orphan)} before, run pulumi stack rename --stack ${orphan} ${name}`;
    const remedy = `add --create-stacks, or run pulumi stack init ${stack}${renamed}`;
    return { path: `sites.${name}`, problem: `has no stack ${quote(stack)} yet`, remedy };
  });
}

/** Says of each stack without a site that it is left alone, and what may be done about it. */
export function describeOrphans({ file }: Fleet, orphans: readonly string[]): Problem[] {
  return orphans.map((name) => ({
    path: `stack ${quote(name)}`,
    problem: `belongs to no site of ${file}, so nothing is done to it, and what it deployed stays`,
    remedy: `if its site is gone for good, run pulumi destroy --stack ${name}; if it is no site, add it to otherStacks`,
  }));
}

/**
 * Gives the chosen sites that have no stack an empty one, one after the other: each writes into the backend.
 * @throws {ConfigError} naming all of them, unless they are to be created
 */
export async function provideStacks(
  engine: Engine,
  fleet: Fleet,
  { missing, orphans }: StackDifferences,
  mayCreate: boolean,
): Promise<void> {
  if (missing.length === 0) return;
  if (!mayCreate) throw new ConfigError(fleet.file, missingStacks(missing, orphans));
  for (const site of missing) await engine.createStack(site);
}
