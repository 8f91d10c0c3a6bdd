/** What stands for a part that may hold a secret. */
const hidden = "…";

/**
 * Writes a URL or a `host` for a message without what may be secret: user and password, and all that follows the address,
 * such as the signature in a query or the key in a connection string. Never throws, and takes what no parser does: a
 * password that was not encoded may hold "/", "?", "#", "@" and blanks, so everything up to the last "@" is left out.
 */
export function shownUrl(given: string): string {
  const shown = withoutUser(given);
  const end = shown.search(/[?#;&=\s]/);
  return end < 0 ? shown : `${shown.slice(0, end)}${hidden}`;
}

/** Leaves out what stands before the last "@" of a text, except for a scheme. */
export function withoutUser(text: string): string {
  const at = text.lastIndexOf("@");
  if (at < 0) return text;
  const scheme = /^[a-z][a-z0-9+.-]*:\/\//i.exec(text)?.[0] ?? "";
  return `${scheme}${hidden}${text.slice(at)}`;
}
