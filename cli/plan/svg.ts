import type { PlannedDataflow, SitePlan } from "./site-plan.ts";

/** All in pixels. */
const size = { width: 1100, boxWidth: 230, boxHeight: 58, row: 84, top: 56, margin: 20, labelWidth: 420 } as const;
/** Characters that fit. */
const fits = { box: 30, label: 58 } as const;

interface Box {
  readonly name: string;
  readonly host: string;
  readonly y: number;
}

/**
 * Draws a plan: sources left, destinations right, and between them a line for each dataflow with what it takes and where it
 * puts it. One file with nothing from outside, light and dark by the reader's setting.
 */
export function planSvg({ site, endpoints, dataflows }: SitePlan): string {
  const hosts = new Map(endpoints.map(({ name, host }) => [name, host]));
  const rows = Math.max(1, dataflows.length);
  const height = size.top + rows * size.row + size.margin;
  const left = boxes(dataflows, ({ source }) => source.endpoint, hosts);
  const right = boxes(dataflows, ({ destination }) => destination.endpoint, hosts);
  const title = site === undefined ? "Dataflows" : `Dataflows of ${site}`;
  const summary = dataflows
    .map(({ name, source, destination }) => `${name} from ${source.endpoint} to ${destination.endpoint}`)
    .join("; ");
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${size.width} ${height}" role="img" aria-labelledby="title summary">`,
    `<title id="title">${escaped(title)}</title><desc id="summary">${escaped(summary)}</desc>`,
    style,
    `<rect class="page" width="${size.width}" height="${height}"/>`,
    `<text class="head" x="${size.margin}" y="34">${escaped(title)}</text>`,
    ...dataflows.map((dataflow, index) => drawFlow(dataflow, index, left, right)),
    ...[...left.values()].map((box) => drawBox(box, size.margin)),
    ...[...right.values()].map((box) => drawBox(box, size.width - size.margin - size.boxWidth)),
    "</svg>",
  ].join("\n");
}

const style = `<style>
text { font: 13px system-ui, sans-serif; fill: #1b1f24 } .head { font-size: 18px; font-weight: 600 } .name { font-weight: 600 }
.small { font-size: 11px; fill: #57606a } .page { fill: #ffffff } .box { fill: #f6f8fa; stroke: #8c959f }
.flow { fill: none; stroke: #0969da; stroke-width: 2 } .off { stroke: #8c959f; stroke-dasharray: 6 5 } .label { fill: #ffffff }
@media (prefers-color-scheme: dark) {
text { fill: #e6edf3 } .small { fill: #9198a1 } .page, .label { fill: #0d1117 } .box { fill: #161b22; stroke: #656c76 }
.flow { stroke: #4493f8 } .off { stroke: #656c76 } }
</style>`;

/** Each endpoint once, in the middle of the rows of its dataflows, and none over another. */
function boxes(
  dataflows: readonly PlannedDataflow[],
  endpointOf: (dataflow: PlannedDataflow) => string,
  hosts: ReadonlyMap<string, string>,
): Map<string, Box> {
  const rows = new Map<string, number[]>();
  for (const [index, dataflow] of dataflows.entries()) {
    const name = endpointOf(dataflow);
    rows.set(name, [...(rows.get(name) ?? []), index]);
  }
  const middle = (indices: readonly number[]) => indices.reduce((sum, index) => sum + index, 0) / indices.length;
  let lowest = -1;
  return new Map(
    [...rows]
      .sort(([, a], [, b]) => middle(a) - middle(b))
      .map(([name, indices]) => {
        const row = Math.max(middle(indices), lowest + 1);
        lowest = row;
        return [name, { name, host: hosts.get(name) ?? "", y: size.top + row * size.row }];
      }),
  );
}

function drawFlow(
  { name, isEnabled, source, destination }: PlannedDataflow,
  index: number,
  left: ReadonlyMap<string, Box>,
  right: ReadonlyMap<string, Box>,
): string {
  const y = size.top + index * size.row + size.boxHeight / 2;
  const [startX, endX] = [size.margin + size.boxWidth, size.width - size.margin - size.boxWidth];
  const [labelX, labelEnd] = [(size.width - size.labelWidth) / 2, (size.width + size.labelWidth) / 2];
  const startY = (left.get(source.endpoint)?.y ?? 0) + size.boxHeight / 2;
  const endY = (right.get(destination.endpoint)?.y ?? 0) + size.boxHeight / 2;
  const bend = (labelX - startX) / 2;
  const into = `M${startX} ${startY} C${startX + bend} ${startY} ${labelX - bend} ${y} ${labelX} ${y}`;
  const out = `L${labelEnd} ${y} C${labelEnd + bend} ${y} ${endX - bend} ${endY} ${endX - 8} ${endY}`;
  const tip = `M${endX - 9} ${endY - 5} L${endX - 1} ${endY} L${endX - 9} ${endY + 5}`;
  const line = (dy: number, text: string, kind: string) =>
    `<text class="${kind}" x="${size.width / 2}" y="${y + dy}" text-anchor="middle">${escaped(cut(text, fits.label))}</text>`;
  return [
    `<path class="flow${isEnabled ? "" : " off"}" d="${into} ${out} ${tip}"/>`,
    `<rect class="label" x="${labelX}" y="${y - 28}" width="${size.labelWidth}" height="56" rx="6"/>`,
    line(-12, isEnabled ? name : `${name} (disabled)`, "name"),
    line(5, source.filters.join(", "), "small"),
    line(21, `→ ${destination.topic}`, "small"),
  ].join("\n");
}

function drawBox({ name, host, y }: Box, x: number): string {
  const textX = x + 12;
  return [
    `<rect class="box" x="${x}" y="${y}" width="${size.boxWidth}" height="${size.boxHeight}" rx="8"/>`,
    `<text class="name" x="${textX}" y="${y + 25}">${escaped(cut(name, fits.box))}</text>`,
    `<text class="small" x="${textX}" y="${y + 43}">${escaped(cut(host, fits.box + 6))}</text>`,
  ].join("\n");
}

function cut(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length - 1)}…`;
}

const entities: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** Characters that XML can't have at all become a replacement character. @see XML 1.0 §2.2 */
function escaped(text: string): string {
  return text
    .toWellFormed()
    .replace(/[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu, "\uFFFD")
    .replace(/[&<>"']/g, (character) => entities[character] ?? character);
}
