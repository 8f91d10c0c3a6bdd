import { readFields } from "../../components/stack-settings.ts";
import { depthProblem, sizeProblem } from "../../runtime/contract/config/limits.ts";
import { readText } from "../../runtime/contract/documents/parse-text.ts";
import { placer } from "../../runtime/contract/documents/placer.ts";
import type { TextDocument } from "../../runtime/contract/documents/text-document.ts";
import { ConfigError } from "../../runtime/contract/errors.ts";
import { readDocument } from "../../runtime/read-document.ts";
import { checkEmulation } from "./rules.ts";
import { emulationSchema, type EmulationFile } from "./schema.ts";

/** What is emulated without a file: Event Grid with a client that publishes and one that subscribes. */
export const defaultEmulation: EmulationFile = {
  version: 1,
  profile: "event-grid",
  hostNames: ["localhost"],
  anonymousAllowed: false,
  clients: {
    dashboard: { authentication: "certificate", tokenLifetimeSeconds: 86_400 },
    sensor: { authentication: "certificate", tokenLifetimeSeconds: 86_400 },
  },
  topicSpaces: { telemetry: { topicTemplates: ["factory/#"] } },
  permissionBindings: [
    { client: "sensor", topicSpace: "telemetry", permission: "Publisher" },
    { client: "dashboard", topicSpace: "telemetry", permission: "Subscriber" },
  ],
  limits: {},
  faults: { latencyMs: 0 },
};

/**
 * Reads a file of `emulate`, JSON or YAML.
 * @throws {ConfigError} with every problem, each at its line
 */
export function readEmulation(file: string): EmulationFile {
  const text = readDocument(file);
  const tooLarge = sizeProblem(text);
  if (tooLarge !== undefined) throw new ConfigError(file, [tooLarge]);
  const document = parse(text, file);
  const read = readFields(emulationSchema, document.value);
  const problems = [...("problems" in read ? read.problems : []), ...checkEmulation(document.value)];
  if ("value" in read && problems.length === 0) return read.value;
  const placeOf = placer(problems.map(({ path }) => ({ document, path })));
  throw new ConfigError(
    file,
    problems.map((problem) => ({
      ...problem,
      path: problem.path === "" ? "document" : problem.path,
      at: placeOf({ document, path: problem.path }),
    })),
  );
}

/** @throws {ConfigError} when the text is not one document that can be read */
function parse(text: string, file: string): TextDocument {
  const read = readText(text, file);
  if ("problem" in read) {
    const { problem, remedy, line, column } = read;
    throw new ConfigError(file, [{ path: "document", problem, remedy, at: { file, line, column } }]);
  }
  const [document, second] = read;
  if (document === undefined || second !== undefined) {
    const problem = document === undefined ? "is empty" : "has several documents";
    throw new ConfigError(file, [{ path: "document", problem, remedy: "give one object with version and clients" }]);
  }
  const tooDeep = depthProblem(document.value);
  if (tooDeep !== undefined) throw new ConfigError(file, [tooDeep]);
  return document;
}
