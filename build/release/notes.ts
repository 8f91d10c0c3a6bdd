import { readFileSync } from "node:fs";
import path from "node:path";

const file = path.join(import.meta.dirname, "../../CHANGELOG.md");

/** What the changelog says of a version, without its heading. @throws {Error} when it has nothing to say of it */
export function releaseNotes(version: string, changelog = readFileSync(file, "utf8")): string {
  const sections = changelog.split(/^## /m).slice(1);
  const section = sections.find((one) => one.split(/\s/, 1)[0] === version);
  const notes = section?.slice(section.indexOf("\n")).trim() ?? "";
  if (notes === "") throw new Error(`CHANGELOG.md: has no section "## ${version}" with text; write what changed`);
  return `${notes}\n`;
}
