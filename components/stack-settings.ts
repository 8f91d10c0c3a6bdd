import * as v from "valibot";

import type { Problem } from "../runtime/contract/errors.ts";

/** What Pulumi programs read their own settings with, so that these are checked and refused as the components' are. */
export { block, choice, flag, integer, text } from "../runtime/contract/config/field.ts";
export { ConfigError } from "../runtime/contract/errors.ts";
export { keepText } from "./keep-text.ts";
export type { Problem } from "../runtime/contract/errors.ts";

/** What came of reading a value: the value with its defaults, or everything that is wrong with it. */
export type ReadFields<T> = { readonly value: T } | { readonly problems: Problem[] };

/** Reads a value by a schema whose messages are `<problem>; <remedy>`. */
export function readFields<S extends v.GenericSchema>(schema: S, value: unknown): ReadFields<v.InferOutput<S>> {
  const result = v.safeParse(schema, value);
  return result.success ? { value: result.output } : { problems: result.issues.map(toProblem) };
}

function toProblem(issue: v.BaseIssue<unknown>): Problem {
  const path = (issue.path ?? []).map(({ key }) => (typeof key === "number" ? `[${key}]` : `.${String(key)}`)).join("");
  const [problem = issue.message, remedy = "correct it"] = issue.message.split(/; (.*)/s);
  return { path: path.replace(/^\./, ""), problem, remedy };
}
