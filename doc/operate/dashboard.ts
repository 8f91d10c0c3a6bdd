import { rows, type Panel } from "./panels.ts";

/** Grafana's grid has 24 columns. */
const columns = 24;
const panelHeight = 8;
const statHeight = 4;
const panelsPerLine = 3;
const datasource = { type: "prometheus", uid: "${datasource}" };

/** Grafana's own defaults but for the tooltip: its schema demands each field. */
const optionsOf: Readonly<Record<NonNullable<Panel["kind"]>, object>> = {
  stat: {
    graphMode: "area",
    colorMode: "value",
    justifyMode: "auto",
    textMode: "auto",
    wideLayout: true,
    showPercentChange: false,
    reduceOptions: { calcs: ["lastNotNull"] },
    percentChangeColorMode: "standard",
    orientation: "auto",
  },
  table: { frameIndex: 0, showHeader: true },
  timeseries: {
    tooltip: { mode: "multi", sort: "none" },
    legend: { displayMode: "list", placement: "bottom", showLegend: true, calcs: [] },
  },
};

/** Renders `doc/operate/dashboard.json`, for Grafana 10 and later: Dashboards, New, Import. */
export function renderDashboard(): string {
  const dashboard = {
    uid: "mqtt-dataflow",
    title: "mqtt-dataflow relay",
    description: "Generated from doc/operate/panels.ts of mqtt-dataflow.",
    tags: ["mqtt-dataflow"],
    schemaVersion: 39,
    editable: true,
    refresh: "30s",
    time: { from: "now-6h", to: "now" },
    annotations: { list: [] },
    templating: {
      list: [
        { name: "datasource", label: "Data source", type: "datasource", query: "prometheus" },
        variable("instance", "Relay", "label_values(relay_connection_up, instance)"),
        variable("dataflow", "Dataflow", 'label_values(relay_connection_up{instance=~"$instance"}, dataflow)'),
      ],
    },
    panels: layOut(),
  };
  return `${JSON.stringify(dashboard, undefined, 2)}\n`;
}

function variable(name: string, label: string, query: string): object {
  const choice = { includeAll: true, allValue: ".*", multi: true, current: { text: "All", value: "$__all" } };
  return { name, label, type: "query", datasource, query, refresh: 2, sort: 1, ...choice };
}

function layOut(): object[] {
  const placed: object[] = [];
  let y = 0;
  for (const { title, panels } of rows) {
    const gridPos = { x: 0, y, w: columns, h: 1 };
    placed.push({ id: placed.length + 1, type: "row", title, collapsed: false, gridPos, panels: [] });
    y++;
    const isStats = panels[0]?.kind === "stat";
    const [perLine, h] = isStats ? [panels.length, statHeight] : [panelsPerLine, panelHeight];
    const w = columns / perLine;
    for (const [index, panel] of panels.entries()) {
      const gridPos = { x: (index % perLine) * w, y: y + Math.floor(index / perLine) * h, w, h };
      placed.push({ id: placed.length + 1, gridPos, ...renderPanel(panel) });
    }
    y += Math.ceil(panels.length / perLine) * h;
  }
  return placed;
}

function renderPanel({ title, unit, kind = "timeseries", description, queries, warnAt }: Panel): object {
  const isTable = kind === "table";
  const steps = [{ color: "green", value: null }, ...(warnAt === undefined ? [] : [{ color: "red", value: warnAt }])];
  return {
    type: kind,
    title,
    ...(description === undefined ? {} : { description }),
    datasource,
    fieldConfig: {
      defaults: { unit, min: kind === "timeseries" ? 0 : null, thresholds: { mode: "absolute", steps } },
      overrides: [],
    },
    options: optionsOf[kind],
    targets: queries.map(({ expr, legend }, index) => ({
      refId: String.fromCharCode("A".charCodeAt(0) + index),
      datasource,
      expr,
      legendFormat: legend,
      ...(isTable ? { format: "table", instant: true } : {}),
    })),
  };
}
