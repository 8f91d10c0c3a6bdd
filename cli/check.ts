import type { PlacedRemark } from "../runtime/contract/config.ts";
import { ConfigError, firstLines, formatPlace, formatProblem } from "../runtime/contract/errors.ts";
import { printable } from "../runtime/contract/printable.ts";
import type { Wanted } from "../runtime/read-configuration.ts";
import { ExitCode } from "../runtime/run.ts";
import { judgeFile, type CheckedDataflow, type Verdict } from "./check/judge-file.ts";

/**
 * Prints what is wrong with a configuration, or what it does, what is skipped and what is noted. What the document says is escaped: a line is a line of ours.
 * @param file a file, or a folder of files
 * @returns the exit code: 0, or 2 when the relay would refuse it
 */
export function checkConfig(file: string, wanted: Wanted, output: NodeJS.WritableStream): number {
  const verdict = judgeFile(file, wanted);
  for (const line of verdictLines(verdict)) output.write(`${printable(line)}\n`);
  return verdict.isRunnable ? ExitCode.ok : ExitCode.badConfiguration;
}

/** Writes a verdict for people, a line for each thing. What the document says is for the caller to escape. */
export function verdictLines({ file, isRunnable, problems, warnings, remarks, dataflows }: Verdict): string[] {
  const ofKind = (kind: PlacedRemark["kind"]) => {
    const wanted = remarks.filter((remark) => remark.kind === kind);
    return firstLines(wanted, ({ text, at }) => `${text} (${formatPlace(at)})`).map((line) => `${kind}: ${line}`);
  };
  const lines = [
    ...dataflows.map(dataflowLine),
    ...ofKind("skipped"),
    ...ofKind("note"),
    ...firstLines(warnings, formatProblem).map((line) => `warning: ${line}`),
  ];
  if (isRunnable) return [...lines, `${file} is a configuration that the relay runs`];
  return [...lines, ...new ConfigError(file, problems).message.split("\n")];
}

function dataflowLine({ name, isEnabled, source, destination }: CheckedDataflow): string {
  const state = isEnabled ? "" : " (disabled)";
  return `${name}${state}: ${source.endpoint} ${source.filters.join(", ")} -> ${destination.endpoint} ${destination.topic}`;
}
