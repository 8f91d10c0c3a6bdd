import { printable } from "../../runtime/contract/printable.ts";
import { coloured, type Session } from "../session.ts";
import type { Finding } from "./finding.ts";
import { findingLines, stateMarks } from "./text.ts";

/** Writes one finding, with what to do about it. What came from files and brokers is escaped. */
export function tellFinding(session: Session, finding: Finding): void {
  const { mark, style } = stateMarks[finding.state];
  const [first = "", ...more] = findingLines(finding).map(printable);
  session.output.write(`${coloured(session, style, mark)}  ${first}\n`);
  for (const line of more) session.output.write(`${" ".repeat(mark.length)}    ${line}\n`);
}
