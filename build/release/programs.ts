import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import path from "node:path";

/** Where `.ci/install-real-parts` leaves a program that it builds; `undefined` for one that it does not build. */
export function builtProgram(name: string): string | undefined {
  const file = path.join(import.meta.dirname, "../../.ci/real-parts.json");
  const versions = JSON.parse(readFileSync(file, "utf8")) as { readonly [name: string]: string };
  const version = versions[name];
  if (version === undefined) return undefined;
  const cache = process.env["XDG_CACHE_HOME"] ?? path.join(homedir(), ".cache");
  return path.join(cache, "mqtt-dataflow", "go", `${name}-${version}`);
}
