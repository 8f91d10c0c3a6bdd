import { execFileSync } from "node:child_process";
import path from "node:path";

import { createTemporaryFolder } from "../support/temporary-folder.ts";

const schemaFile = path.join(import.meta.dirname, "../../schema.json");

/** Folders of the SDKs of the stored schema, as Pulumi's generators write them for a package from a folder. */
export interface GeneratedSdks {
  readonly go: string;
  readonly nodejs: string;
  readonly python: string;
}

/** @param generator path of the program that `.ci/install-real-parts` builds of `generate-sdks/main.go` */
export function generateSdks(generator: string): GeneratedSdks {
  const folder = createTemporaryFolder("sdks");
  execFileSync(generator, [schemaFile, folder]);
  return {
    go: path.join(folder, "go"),
    nodejs: path.join(folder, "nodejs"),
    python: path.join(folder, "python"),
  };
}
