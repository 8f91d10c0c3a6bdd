/** Room for what closes the blocks that are open where a text is cut, in characters. */
const closingRoom = 200;

/**
 * Shortens Markdown to a service's limit: at the end of a line, with open code blocks and folded parts closed, and with
 * a last line that says how much is missing. A text within the limit stays as it is.
 * @param maxCharacters UTF-16 units, which are never fewer than the characters that the services count
 * @param whole where the whole text is, as it follows "the whole text is in": `the job's log`
 */
export function fitMarkdown(text: string, maxCharacters: number, whole: string): string {
  if (text.length <= maxCharacters) return text;
  const room = maxCharacters - closingRoom - whole.length;
  const cut = text.lastIndexOf("\n", room);
  // One line that is longer than everything: cut within it, and never within a surrogate pair.
  const kept = cut > 0 ? text.slice(0, cut) : text.slice(0, room).replace(/[\uD800-\uDBFF]$/, "");
  const missing = (text.length - kept.length).toLocaleString("en");
  return `${kept}${closeBlocks(kept)}\n\n**Cut here:** ${missing} more characters don't fit; the whole text is in ${whole}.`;
}

function closeBlocks(text: string): string {
  let fence: string | undefined;
  let folded = 0;
  for (const line of text.split("\n")) {
    const found = /^ {0,3}(`{3,}|~{3,})/.exec(line)?.[1];
    if (fence !== undefined) {
      if (found?.startsWith(fence)) fence = undefined;
    } else if (found !== undefined) {
      fence = found;
    } else {
      folded += (line.match(/<details\b/g) ?? []).length - (line.match(/<\/details>/g) ?? []).length;
    }
  }
  return `${fence === undefined ? "" : `\n${fence}`}${"\n\n</details>".repeat(Math.max(0, Math.min(folded, 10)))}`;
}
