import type { Problem } from "../../runtime/contract/errors.ts";

/**
 * Finds names that differ only in case: Azure ignores case in resource IDs, so both would be one resource, and the second
 * could not be created.
 * @see Azure Resource Manager, Resource names and IDs: names are case-insensitive unless noted
 */
export function findTwins(path: string, names: readonly string[]): Problem[] {
  const first = new Map<string, string>();
  return names.flatMap((name) => {
    const folded = name.toLowerCase();
    const other = first.get(folded);
    if (other !== undefined) {
      const problem = `is ${path}.${other} but for upper and lower case, which Azure ignores in names`;
      return [{ path: `${path}.${name}`, problem, remedy: "rename one" }];
    }
    first.set(folded, name);
    return [];
  });
}
