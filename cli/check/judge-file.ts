import { dataflowParts } from "../../runtime/contract/config/dataflow.ts";
import type { PlacedRemark, RelayConfig } from "../../runtime/contract/config.ts";
import { readText } from "../../runtime/contract/documents/parse-text.ts";
import { ConfigError, type Problem } from "../../runtime/contract/errors.ts";
import { memoryNeeds, memoryProblem } from "../../runtime/contract/memory.ts";
import { readConfiguration, type Wanted } from "../../runtime/read-configuration.ts";
import { readDocument } from "../../runtime/read-document.ts";

/** What is to be said of a file or a folder. */
export interface Verdict {
  /** As it was given. */
  readonly file: string;
  /** Whether a relay runs it; with problems none does. */
  readonly isRunnable: boolean;
  /** All of them, each with its place where it has one. */
  readonly problems: readonly Problem[];
  readonly warnings: readonly Problem[];
  /** What no relay runs, and what is taken otherwise than it is written. */
  readonly remarks: readonly PlacedRemark[];
  readonly dataflows: readonly CheckedDataflow[];
}

/** A dataflow that a relay would run, or that is disabled. */
export interface CheckedDataflow {
  readonly name: string;
  readonly isEnabled: boolean;
  readonly source: { readonly endpoint: string; readonly filters: readonly string[] };
  readonly destination: { readonly endpoint: string; readonly topic: string };
}

/**
 * Judges a file, or a folder of files, as the relay does when it starts; what depends on the machine, such as certificates, is
 * left to `doctor`. Never throws for what a file says.
 */
export function judgeFile(file: string, wanted: Wanted): Verdict {
  try {
    const { config, warnings, remarks } = readConfiguration(file, wanted);
    const problems = checkMemory(file, config);
    const isRunnable = problems.length === 0;
    return { file, isRunnable, problems, warnings, remarks, dataflows: listDataflows(config) };
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return { file, isRunnable: false, problems: error.problems, warnings: [], remarks: [], dataflows: [] };
  }
}

function listDataflows({ dataflows }: RelayConfig): CheckedDataflow[] {
  return Object.entries(dataflows).flatMap(([name, dataflow]) => {
    const parts = dataflowParts(dataflow);
    if (parts === undefined) return [];
    const { source, destination } = parts;
    return [
      {
        name,
        isEnabled: dataflow.mode === "Enabled",
        source: { endpoint: source.endpointRef, filters: source.dataSources },
        destination: { endpoint: destination.endpointRef, topic: destination.dataDestination },
      },
    ];
  });
}

const memoryPath = "relay.maxMemoryBytes";

/** With less memory than its dataflows need a relay does not start; only the configuration's own limit is known here. */
function checkMemory(file: string, { relay, dataflows }: RelayConfig): Problem[] {
  if (relay.maxMemoryBytes === undefined) return [];
  const problem = memoryProblem(memoryPath, relay.maxMemoryBytes, memoryNeeds(dataflows));
  if (problem === undefined) return [];
  const at = findPlace(file);
  return [at === undefined ? problem : { ...problem, at }];
}

/** Where the limit stands; `undefined` in a folder, of whose files one has it. */
function findPlace(file: string): Problem["at"] {
  try {
    const read = readText(readDocument(file), file);
    const position = "problem" in read ? undefined : read[0]?.positionsOf([memoryPath]).get(memoryPath);
    return position === undefined ? undefined : { file, ...position };
  } catch {
    return undefined;
  }
}
