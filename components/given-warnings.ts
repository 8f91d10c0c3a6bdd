import * as pulumi from "@pulumi/pulumi";

import { firstLines, formatProblem, type Problem } from "../runtime/contract/errors.ts";

/** What a component has warned of: problems, and whole lines. */
interface Given {
  readonly problems: Set<string>;
  readonly lines: Set<string>;
}

const given = new WeakMap<pulumi.Resource, Given>();

/**
 * Warns on behalf of a component, of nothing twice, and of nothing that its parent has warned of already: a bridge knows more at a
 * preview than the relay in it, and the relay may be without a bridge. What only the deployment tells is warned of later than the rest.
 */
export function warnOnce(resource: pulumi.Resource, warnings: readonly Problem[], parent?: pulumi.Resource): void {
  const before = parent === undefined ? undefined : given.get(parent);
  const own = given.get(resource) ?? { problems: new Set<string>(), lines: new Set<string>() };
  given.set(resource, own);
  const fresh = warnings.filter(
    (warning) => before?.problems.has(warning.problem) !== true && !own.lines.has(formatProblem(warning)),
  );
  for (const warning of fresh) {
    own.problems.add(warning.problem);
    own.lines.add(formatProblem(warning));
  }
  for (const line of firstLines(fresh, formatProblem)) void pulumi.log.warn(line, resource);
}
