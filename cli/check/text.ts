import type { PlacedRemark } from "../../runtime/contract/config.ts";
import { ConfigError, firstLines, formatPlace, formatProblem } from "../../runtime/contract/errors.ts";
import type { CheckedDataflow, Verdict } from "./judge-file.ts";

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
