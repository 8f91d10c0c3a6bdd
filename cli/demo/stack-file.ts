import { readdir, readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";

import { parse } from "yaml";

import { ConfigError, describeError, type Problem } from "../../runtime/contract/errors.ts";

const stacksFolder = new URL("../../stacks/", import.meta.url);
const fileName = /^Pulumi\.(.+)\.yaml$/;

/** Path of an environment's settings. */
export function stackFileOf(environment: string): string {
  return fileURLToPath(new URL(`Pulumi.${environment}.yaml`, stacksFolder));
}

/** Lists what is wrong with an environment's name: there have to be settings for it. */
export async function checkEnvironment(environment: string): Promise<Problem[]> {
  const names = (await readdir(stacksFolder)).flatMap((file) => fileName.exec(file)?.[1] ?? []).sort();
  if (names.includes(environment)) return [];
  const problem = `is "${environment}", and there is no stacks/Pulumi.${environment}.yaml`;
  return [{ path: "--stack", problem, remedy: `use one of ${names.map((name) => `"${name}"`).join(", ")}` }];
}

/**
 * Reads the settings out of a `Pulumi.<environment>.yaml`, each as the text that a program gets from Pulumi.
 * @throws {ConfigError} when it can't be read or is no YAML
 */
export async function readStackConfig(file: string): Promise<Record<string, string>> {
  const { config } = parseDocument(file, await readText(file));
  return Object.fromEntries(
    Object.entries(config ?? {}).map(([key, value]) => [
      key,
      typeof value === "string" ? value : JSON.stringify(value),
    ]),
  );
}

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (cause) {
    const problem = `can't be read (${describeError(cause)})`;
    throw wrong(file, { path: "file", problem, remedy: "give the path of a stack's settings" }, cause);
  }
}

function parseDocument(file: string, text: string): { readonly config?: Readonly<Record<string, unknown>> | null } {
  try {
    return (parse(text) as { config?: Record<string, unknown> } | null) ?? {};
  } catch (cause) {
    const [firstLine = ""] = describeError(cause).split(/:?\n/);
    throw wrong(file, { path: "file", problem: `is no YAML (${firstLine})`, remedy: "correct it" }, cause);
  }
}

function wrong(where: string, problem: Problem, cause?: unknown): ConfigError {
  return new ConfigError(where, [problem], { cause });
}
