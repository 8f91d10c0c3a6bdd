import { existsSync, readFileSync } from "node:fs";
import path from "node:path";

import { projectRoot } from "./page.ts";

/** Text between fences and backticks is no Markdown. A link may have backticks in its text. */
const fenced = /^ *(`{3,})[^]*?^ *\1$/gm;
const link = /\]\((?<target>[^)\s]+)\)/g;
const hasScheme = /^[a-z]+:/;

/**
 * Lists the links of a page that lead nowhere: to a file that there is not, or to a heading that its page does not have. Addresses
 * with a scheme are not looked at.
 * @param file path from the root of the project
 */
export function findDeadLinks(file: string, markdown: string): string[] {
  const text = markdown.replaceAll(fenced, "");
  const targets = [...text.matchAll(link)].map(({ groups }) => groups?.["target"] ?? "");
  return targets
    .filter((target) => !hasScheme.test(target))
    .filter((target) => {
      const [name = "", heading] = target.split("#");
      const found = name === "" ? file : path.join(path.dirname(file), decodeURI(name));
      if (!existsSync(path.join(projectRoot, found))) return true;
      return (
        heading !== undefined && found.endsWith(".md") && !anchorsOf(found, name === "" ? text : undefined).has(heading)
      );
    });
}

/** Anchors that GitHub gives the headings of a page. */
function anchorsOf(
  file: string,
  text = readFileSync(path.join(projectRoot, file), "utf8").replaceAll(fenced, ""),
): Set<string> {
  const anchors = new Set<string>();
  for (const [, title = ""] of text.matchAll(/^#{1,6} (.*)$/gm)) {
    const words = title.replaceAll(/\[([^\]]*)\]\([^)]*\)/g, "$1").toLowerCase();
    const anchor = words
      .replaceAll(/[^\p{L}\p{N} _-]/gu, "")
      .trim()
      .replaceAll(" ", "-");
    // The second heading of a name gets a number.
    let number = 0;
    while (anchors.has(number === 0 ? anchor : `${anchor}-${number}`)) number++;
    anchors.add(number === 0 ? anchor : `${anchor}-${number}`);
  }
  return anchors;
}
