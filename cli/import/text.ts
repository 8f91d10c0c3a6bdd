import type { Finding } from "./finding.ts";

const headings = {
  notMapped: "Not imported:",
  changed: "Imported, and different from before:",
  mapped: "Imported:",
} as const;

/** Findings as lines for a terminal, what needs work first. */
export function findingLines(findings: readonly Finding[]): string[] {
  return (["notMapped", "changed", "mapped"] as const).flatMap((kind) => {
    const lines = findings.filter((finding) => finding.kind === kind).map(findingLine);
    return lines.length === 0 ? [] : [headings[kind], ...lines, ""];
  });
}

function findingLine({ what, text, line }: Finding): string {
  return `  ${line === undefined ? "" : `line ${line}: `}${what}: ${text}`;
}
