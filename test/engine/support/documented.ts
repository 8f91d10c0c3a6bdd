import { readFileSync } from "node:fs";
import path from "node:path";

import { diagnosticsOf } from "./diff-text.ts";

/** Looks for what the engine says of a resource's protection in `doc/operations.md`, word for word. */
export function expectDocumented(output: string, resource: string): void {
  const page = readFileSync(path.join(import.meta.dirname, "../../../doc/operations.md"), "utf8");
  const said = diagnosticsOf(output).replaceAll(/urn:pulumi:[^\s'"]+/g, `<URN of the ${resource}>`);
  expect(said).toContain("protect");
  expect(page).toContain(said);
}
