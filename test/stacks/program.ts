import { readFileSync } from "node:fs";
import path from "node:path";

import { parse } from "yaml";

/** The configuration of a stack as the engine hands it to the program: what is no text, as JSON. */
export function stackConfig(stack: string): Record<string, string> {
  const file = path.join(import.meta.dirname, `../../stacks/Pulumi.${stack}.yaml`);
  const { config } = parse(readFileSync(file, "utf8")) as { config: Record<string, unknown> };
  return Object.fromEntries(
    Object.entries(config).map(([key, value]) => [key, typeof value === "string" ? value : JSON.stringify(value)]),
  );
}
