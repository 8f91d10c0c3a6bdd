import { execFileSync } from "node:child_process";
import path from "node:path";

import { generateSdks } from "../../build/generated-sdks.ts";
import type { RealPart } from "../../support/real-parts.ts";
import { installCommandLine } from "./command-line.ts";
import type { CommandLine } from "./command-line.ts";
import { installPythonSdk } from "./example-program.ts";
import type { Language } from "./example-program.ts";

/** What {@link installLanguage} needs, in its order. */
export const languageParts = [
  "pulumi",
  "pulumi-language-nodejs",
  "pulumi-language-yaml",
  "pulumi-language-python",
  "pulumi-language-python-exec",
  "pulumi-python",
  "generate-sdks",
] as const satisfies readonly RealPart[];

/**
 * Installs the command line for programs in one language, with Pulumi's own host of that language. Of a program that is not in
 * TypeScript the plugin is run by the stand-in for the host of Node.js: the host of the published module runs none.
 * @param parts paths of {@link languageParts}
 */
export function installLanguage(language: Language, parts: readonly string[]): Promise<CommandLine> {
  const [pulumi = "", nodeHost = "", yamlHost = "", pythonHost = "", pythonExecutor = "", python = ""] = parts;
  if (language === "typescript") return installCommandLine({ pulumi, "pulumi-language-nodejs": nodeHost });
  if (language === "yaml") return installCommandLine({ pulumi, "pulumi-language-yaml": yamlHost });
  const hosts = { "pulumi-language-python": pythonHost, "pulumi-language-python-exec": pythonExecutor };
  const environment = execFileSync(python, ["-c", "import sys; print(sys.prefix)"], { encoding: "utf8" }).trim();
  const variables = { PYTHONPATH: installPythonSdk(python, generateSdks().python) };
  return installCommandLine({ pulumi, ...hosts }, { programs: [path.join(environment, "bin")], variables });
}
