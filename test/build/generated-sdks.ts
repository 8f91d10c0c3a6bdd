import path from "node:path";

import { generateSdks as generate } from "../../build/release/sdks.ts";
import { createTemporaryFolder } from "../support/temporary-folder.ts";

const schemaFile = path.join(import.meta.dirname, "../../schema.json");

/** Folders of the SDKs of the stored schema, as a release has them. */
export interface GeneratedSdks {
  readonly go: string;
  readonly nodejs: string;
  readonly python: string;
}

/** Generates them, with the program that `.ci/install-real-parts` builds of `generate-sdks/main.go`. */
export function generateSdks(repository?: string): GeneratedSdks {
  const folder = createTemporaryFolder("sdks");
  generate(schemaFile, folder, repository);
  return {
    go: path.join(folder, "go"),
    nodejs: path.join(folder, "nodejs"),
    python: path.join(folder, "python"),
  };
}
