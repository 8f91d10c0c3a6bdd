import { cpSync, symlinkSync, writeFileSync } from "node:fs";
import path from "node:path";

import { stringify } from "yaml";

import { createTemporaryFolder } from "../../support/temporary-folder.ts";
import type { CommandResult, PulumiInstallation } from "./pulumi.ts";

const project = path.join(import.meta.dirname, "../../..");

/** A stack of one component or two, which a test deploys again and again with other settings. */
export interface SmallProgram {
  /** Runs a command with settings of the project, which take the place of all that were there. */
  run(command: string, settings: object, ...args: readonly string[]): Promise<CommandResult>;
}

/** Copies `test/engine/program/<name>`, and creates its stack. Nothing of it may be secret. */
export async function createSmallProgram(installation: PulumiInstallation, name: string): Promise<SmallProgram> {
  const root = createTemporaryFolder(name);
  for (const shared of ["node_modules", "package.json", "components", "runtime"]) {
    symlinkSync(path.join(project, shared), path.join(root, shared));
  }
  const folder = path.join(root, "test/engine/program", name);
  cpSync(path.join(project, "test/engine/program", name), folder, { recursive: true });
  await installation.succeed(folder, "stack", "init", "oslo", "--secrets-provider=passphrase");
  return {
    run: (command, settings, ...args) => {
      const config = Object.fromEntries(Object.entries(settings).map(([key, value]) => [`${name}:${key}`, value]));
      writeFileSync(path.join(folder, "Pulumi.oslo.yaml"), stringify({ config }));
      return installation.run(folder, command, "--stack", "oslo", ...args);
    },
  };
}
