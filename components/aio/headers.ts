import type { Problem } from "../../runtime/contract/errors.ts";
import { byRule } from "../checks/rules.ts";
import { HeaderAction } from "../enumerations.ts";

/** What to do with one header, which in MQTT is a user property, of each message. */
export interface HeaderArgs {
  /** Whether the header is added, replaced or removed. */
  actionType: HeaderAction;
  /** Name of the header. */
  key: string;
  /** Its content; none for Remove. */
  value?: string;
}

/** Refuses a header without what its action needs. @see Azure REST API, Dataflow (2026-10-01), headers */
export function checkHeaders(path: string, headers: readonly HeaderArgs[]): Problem[] {
  const problems = headers.flatMap(({ actionType, key, value }, index) => {
    const at = `${path}[${index}]`;
    const removes = actionType === HeaderAction.Remove;
    return [
      ...(key === "" ? [{ path: `${at}.key`, problem: "is empty", remedy: "name the header" }] : []),
      ...(removes && value !== undefined
        ? [{ path: `${at}.value`, problem: "is set, and Remove takes none", remedy: "remove it" }]
        : []),
      ...(!removes && value === undefined
        ? [{ path: `${at}.value`, problem: `is missing, and ${actionType} needs it`, remedy: "add it" }]
        : []),
    ];
  });
  return byRule("aio-headers", problems);
}
