import type { PlannedDataflow, PlannedEndpoint, PlannedSessions, SitePlan } from "./site-plan.ts";

/** Writes a plan as tables for a terminal. What came from a file is for the caller to escape. */
export function planTables({ site, instances, endpoints, dataflows, sessions }: SitePlan): string[] {
  const title = `${site === undefined ? "" : `site ${site}, `}${instances} ${instances === 1 ? "instance" : "instances"}`;
  const clients = dataflows.flatMap(({ name, clientIds }) => clientIds.map((clientId) => [clientId, name]));
  return [
    title,
    "",
    ...table(["dataflow", "from", "topic filters", "to", "topic"], dataflows.map(dataflowRow)),
    "",
    ...table(["endpoint", "host", "kind", "identity", "needs"], endpoints.map(endpointRow)),
    "",
    ...table(["client identifier", "of"], clients),
    "",
    ...table(["sessions", "limit", "broker", "identity"], sessions.map(sessionRow)),
  ];
}

function dataflowRow({ name, isEnabled, source, destination }: PlannedDataflow): string[] {
  const shown = isEnabled ? name : `${name} (disabled)`;
  return [shown, source.endpoint, source.filters.join(", "), destination.endpoint, destination.topic];
}

function endpointRow({ name, host, hostType, identity, grants }: PlannedEndpoint): string[] {
  return [name, host, hostType, identity, grants.join("; ")];
}

function sessionRow({ sessions, limit, broker, identity }: PlannedSessions): string[] {
  const shown = limit === undefined ? "-" : `${limit}${sessions > limit ? " EXCEEDED" : ""}`;
  return [String(sessions), shown, broker, identity];
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const widths = head.map((title, column) => Math.max(title.length, ...rows.map((row) => (row[column] ?? "").length)));
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd();
  return [line(head), line(widths.map((width) => "-".repeat(width))), ...rows.map(line)];
}
