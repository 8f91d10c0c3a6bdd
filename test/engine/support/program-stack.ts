import { cpSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import path from "node:path";

import { stringify } from "yaml";

import { createTemporaryFolder } from "../../support/temporary-folder.ts";
import type { CommandResult, PulumiInstallation } from "./pulumi.ts";
import type { Values } from "./values.ts";

const project = path.join(import.meta.dirname, "../../..");

/** A stack of one of the programs in `test/engine/program`, in a folder of its own. */
export interface ProgramStack {
  /** Replaces its settings. */
  configure(settings: Values): void;
  /** Runs `pulumi <command> --stack <name> …`. */
  run(command: string, ...args: readonly string[]): Promise<CommandResult>;
  /** As `run`, and throws when the command fails. */
  succeed(command: string, ...args: readonly string[]): Promise<string>;
}

/** Copies a program, and creates a stack of it. */
export async function createProgramStack(
  installation: PulumiInstallation,
  programName: string,
  name: string,
): Promise<ProgramStack> {
  const folder = createTemporaryFolder(programName);
  for (const shared of ["node_modules", "package.json", "components", "runtime"]) {
    symlinkSync(path.join(project, shared), path.join(folder, shared));
  }
  const program = path.join("test/engine/program", programName);
  cpSync(path.join(project, program), path.join(folder, program), { recursive: true });
  cpSync(path.join(project, program, "Pulumi.yaml"), path.join(folder, "Pulumi.yaml"));
  await installation.succeed(folder, "stack", "init", name, "--secrets-provider=passphrase");
  const file = path.join(folder, `Pulumi.${name}.yaml`);
  const salt = readFileSync(file, "utf8");
  return {
    configure: (settings) => {
      const entries = Object.entries(settings).map(([key, value]) => [`${programName}:${key}`, value] as const);
      writeFileSync(file, `${salt}${stringify({ config: Object.fromEntries(entries) })}`);
    },
    run: (...args) => installation.run(folder, ...args, "--stack", name),
    succeed: (...args) => installation.succeed(folder, ...args, "--stack", name),
  };
}
