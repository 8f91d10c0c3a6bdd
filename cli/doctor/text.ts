import type { Finding, FindingState } from "./finding.ts";

/** How each state is marked, and what a terminal shows it in. */
export const stateMarks = {
  good: { mark: "ok     ", style: "green" },
  warning: { mark: "warning", style: "yellow" },
  problem: { mark: "PROBLEM", style: "red" },
  unknown: { mark: "?      ", style: "gray" },
} as const satisfies Readonly<Record<FindingState, { readonly mark: string; readonly style: string }>>;

/** Lines of a finding behind its mark: what it is, then what to do, then where Azure tells more. */
export function findingLines({ about, check, text, cause, remedy, azure }: Finding): string[] {
  const named = cause === undefined ? "" : ` [${cause}]`;
  return [
    `${about}, ${check}: ${text}${named}`,
    ...(remedy === undefined ? [] : [`do: ${remedy}`]),
    ...(azure === undefined ? [] : [`Azure: see ${azure}`]),
  ];
}

/** One line that counts what was found. */
export function summaryLine(findings: readonly Finding[]): string {
  const count = (state: FindingState) => findings.filter((finding) => finding.state === state).length;
  const [problems, warnings, unknown] = [count("problem"), count("warning"), count("unknown")];
  const parts = [plural(problems, "problem"), plural(warnings, "warning"), `${unknown} not made`];
  return `${plural(findings.length, "check")}: ${parts.join(", ")}`;
}

function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}
