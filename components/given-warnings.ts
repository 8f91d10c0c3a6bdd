import * as pulumi from "@pulumi/pulumi";

import { firstLines, formatProblem, type Problem } from "../runtime/contract/errors.ts";

/** Problems that a component has warned of. */
const given = new WeakMap<pulumi.Resource, ReadonlySet<string>>();

/**
 * Warns on behalf of a component, of nothing that its parent has warned of already: a bridge knows more at a preview than
 * the relay in it, and the relay may be without a bridge.
 */
export function warnOnce(resource: pulumi.Resource, warnings: readonly Problem[], parent?: pulumi.Resource): void {
  const before = parent === undefined ? undefined : given.get(parent);
  const own = warnings.filter(({ problem }) => before?.has(problem) !== true);
  // What only the deployment tells is warned of later than the rest.
  given.set(resource, new Set([...(given.get(resource) ?? []), ...own.map(({ problem }) => problem)]));
  for (const line of firstLines(own, formatProblem)) void pulumi.log.warn(line, resource);
}
