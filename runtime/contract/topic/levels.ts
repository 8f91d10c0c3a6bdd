/** A filter that begins with a wildcard has no topic that begins with "$". [MQTT-4.7.2-1] */
export function isHiddenFrom([first]: readonly string[], [other = ""]: readonly string[]): boolean {
  return (first === "#" || first === "+") && other.startsWith("$");
}

/** Tells whether some topic falls under both filters, each split at "/". @see MQTT 5.0 §4.7 */
export function levelsOverlap(left: readonly string[], right: readonly string[]): boolean {
  if (isHiddenFrom(left, right) || isHiddenFrom(right, left)) return false;
  for (let index = 0; ; index += 1) {
    const [one, other] = [left[index], right[index]];
    // "a/#" takes in "a" too, so a "#" meets a filter that ends right before it.
    if (one === "#") return !isEmptyTopic(left, right, index);
    if (other === "#") return !isEmptyTopic(right, left, index);
    if (one === undefined || other === undefined) return one === other;
    if (one !== "+" && other !== "+" && one !== other) return false;
  }
}

/** "+" and "/#" have nothing in common but the empty text, which is no topic: [MQTT-4.7.3-1]. */
function isEmptyTopic(open: readonly string[], closed: readonly string[], index: number): boolean {
  return index === 1 && closed.length === 1 && (open[0] === "" || closed[0] === "");
}
