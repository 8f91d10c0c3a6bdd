import type { SitePlan } from "./site-plan.ts";

/** Writes a plan as a flowchart in Mermaid's language: sources left, destinations right, an arrow for each dataflow. */
export function planMermaid({ endpoints, dataflows }: SitePlan): string {
  const hosts = new Map(endpoints.map(({ name, host }) => [name, host]));
  const ids = new Map<string, string>();
  const nodes: string[] = [];
  const idOf = (side: "from" | "to", name: string): string => {
    const known = ids.get(`${side} ${name}`);
    if (known !== undefined) return known;
    const id = `${side}${ids.size}`;
    ids.set(`${side} ${name}`, id);
    nodes.push(`  ${id}["${escaped(name)}<br/>${escaped(hosts.get(name) ?? "")}"]`);
    return id;
  };
  const arrows = dataflows.map(({ name, isEnabled, source, destination }) => {
    const label = `${name}<br/>${source.filters.join(", ")}<br/>-> ${destination.topic}`;
    const text = label.split("<br/>").map(escaped).join("<br/>");
    const [from, to] = [idOf("from", source.endpoint), idOf("to", destination.endpoint)];
    return isEnabled ? `  ${from} -- "${text}" --> ${to}` : `  ${from} -. "${text} (disabled)" .-> ${to}`;
  });
  return ["flowchart LR", ...nodes, ...arrows].join("\n");
}

/** Mermaid takes HTML's entities, and `#35;` for its own sign. @see Mermaid, Flowcharts, "Entity codes to escape characters" */
function escaped(text: string): string {
  return text.replace(/[^\p{L}\p{N} /_.:,$\-+()]/gu, (character) => `#${character.codePointAt(0) ?? 0};`);
}
