/**
 * Tells whether every topic under a topic filter is also under a topic template, both as lists of levels with MQTT's
 * wildcards: `a/#` covers `a/+/c`, `a/+` does not cover `a/#`. Neither is shared.
 */
export function coversFilter(template: string, filter: string): boolean {
  // A leading wildcard does not take in "$…" topics: [MQTT-4.7.2-1]
  if (filter.startsWith("$") && /^[+#]/.test(template)) return false;
  const wanted = template.split("/");
  const levels = filter.split("/");
  for (const [index, level] of wanted.entries()) {
    if (level === "#") return true; // the parent level too: "a/#" covers "a"
    const asked = levels[index];
    if (asked === undefined || asked === "#") return false;
    if (level !== "+" && level !== asked) return false;
  }
  return wanted.length === levels.length;
}
