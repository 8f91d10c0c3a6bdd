import { useEffect, useRef, useState } from "preact/hooks";

import { rate } from "./format.ts";
import type { DataflowReport, EndpointReport, HealthState } from "./types.ts";

interface DrawingProps {
  readonly dataflows: readonly DataflowReport[];
  readonly endpoints: readonly EndpointReport[];
  readonly selected: string | undefined;
  readonly onSelect: (name: string) => void;
}

/** Room for a dataflow, in pixels: with a name while there are few. */
const slots = [
  { upTo: 12, pixels: 34 },
  { upTo: 40, pixels: 12 },
  { upTo: Infinity, pixels: 4 },
] as const;
const gap = 16;
const nodePadding = 8;
const leastNodeHeight = 48;
/** Below this width there is no room for names on lines. */
const leastLabelWidth = 620;

/** Endpoints that are sources stand left, those that are destinations right, and a line for each dataflow leads across. */
export function Drawing({ dataflows, endpoints, selected, onSelect }: DrawingProps) {
  const [frame, width] = useWidth();
  const slot = slots.find(({ upTo }) => dataflows.length <= upTo)?.pixels ?? 4;
  const left = placeNodes(dataflows, "source", slot);
  const right = placeNodes(dataflows, "destination", slot);
  const height = Math.max(heightOf(left), heightOf(right));
  const nodeWidth = Math.min(210, width * 0.31);
  const hosts = new Map(endpoints.map(({ name, host }) => [name, host]));
  const isLabelled = slot > 20 && width >= leastLabelWidth;
  return (
    <div ref={frame} class="drawing">
      <svg width={width} height={height} role="img" aria-label={describe(dataflows)}>
        {dataflows.map((dataflow) => {
          const from = slotOf(left, dataflow, "source", height);
          const to = slotOf(right, dataflow, "destination", height);
          const ends = { from, to, x1: nodeWidth, x2: width - nodeWidth };
          return (
            <Line
              key={dataflow.name}
              {...{ dataflow, ends, slot, isLabelled, onSelect, isSelected: dataflow.name === selected }}
            />
          );
        })}
        {[...left.values()].map((node) => (
          <Node
            key={`l${node.name}`}
            {...{ node, x: 0, width: nodeWidth, host: hosts.get(node.name), ...shift(left, height) }}
          />
        ))}
        {[...right.values()].map((node) => (
          <Node
            key={`r${node.name}`}
            {...{ node, x: width - nodeWidth, width: nodeWidth, host: hosts.get(node.name), ...shift(right, height) }}
          />
        ))}
      </svg>
    </div>
  );
}

interface PlacedNode {
  readonly name: string;
  readonly y: number;
  readonly height: number;
  readonly state: HealthState;
  readonly dataflows: readonly DataflowReport[];
}

type Nodes = ReadonlyMap<string, PlacedNode>;
type SideName = "source" | "destination";

function placeNodes(dataflows: readonly DataflowReport[], side: SideName, slot: number): Nodes {
  const grouped = Map.groupBy(dataflows, (dataflow) => dataflow[side].endpoint);
  const nodes = new Map<string, PlacedNode>();
  let y = 1;
  for (const [name, its] of grouped) {
    const height = Math.max(leastNodeHeight, its.length * slot + 2 * nodePadding);
    const isUp = its.every((dataflow) => dataflow[side].state === "up");
    nodes.set(name, { name, y, height, state: isUp ? "ok" : "attention", dataflows: its });
    y += height + gap;
  }
  return nodes;
}

function heightOf(nodes: Nodes): number {
  return [...nodes.values()].reduce((most, { y, height }) => Math.max(most, y + height + 1), leastNodeHeight);
}

/** The shorter column stands in the middle. */
function shift(nodes: Nodes, height: number): { dy: number } {
  return { dy: (height - heightOf(nodes)) / 2 };
}

function slotOf(nodes: Nodes, dataflow: DataflowReport, side: SideName, height: number): number {
  const node = nodes.get(dataflow[side].endpoint);
  if (node === undefined) return 0;
  const { dy } = shift(nodes, height);
  return dy + node.y + (node.height * (node.dataflows.indexOf(dataflow) + 0.5)) / node.dataflows.length;
}

interface LineProps {
  readonly dataflow: DataflowReport;
  readonly ends: { readonly from: number; readonly to: number; readonly x1: number; readonly x2: number };
  readonly slot: number;
  readonly isLabelled: boolean;
  readonly isSelected: boolean;
  readonly onSelect: (name: string) => void;
}

function Line({ dataflow, ends, slot, isLabelled, isSelected, onSelect }: LineProps) {
  const { from, to, x1, x2 } = ends;
  const { name, state, deliveredPerSecond } = dataflow;
  const bend = (x2 - x1) / 2.5;
  const path = `M${x1} ${from}C${x1 + bend} ${from} ${x2 - bend} ${to} ${x2 - 7} ${to}`;
  const isUp = dataflow.source.state === "up" && dataflow.destination.state === "up";
  const thickness = Math.min(slot > 20 ? 9 : slot - 1, 1.5 + 2 * Math.log10(1 + deliveredPerSecond));
  // The table has the same for keyboards and screen readers.
  return (
    <g class={`line ${state} ${isSelected ? "selected" : ""} ${isUp ? "" : "broken"}`} onClick={() => onSelect(name)}>
      <path class="reach" d={path} />
      <path class="flow" d={path} stroke-width={thickness} />
      {slot > 10 && <path class="tip" d={`M${x2 - 9} ${to - 5}L${x2} ${to}L${x2 - 9} ${to + 5}Z`} />}
      {isLabelled && (
        <text x={x1 + 14} y={from - thickness / 2 - 4}>
          {name} <tspan class="muted">{rate(deliveredPerSecond)}/s</tspan>
        </text>
      )}
    </g>
  );
}

interface NodeProps {
  readonly node: PlacedNode;
  readonly x: number;
  readonly dy: number;
  readonly width: number;
  readonly host: string | undefined;
}

function Node({ node: { name, y, height, state }, x, dy, width, host = "" }: NodeProps) {
  const characters = Math.floor((width - 20) / 7.2);
  const middle = height / 2;
  return (
    <g class={`node ${state}`} transform={`translate(${x} ${y + dy})`}>
      <rect width={width} height={height} rx="8" />
      <text x="12" y={middle - 3} class="name">
        {cut(name, characters)}
      </text>
      <text x="12" y={middle + 14} class="muted">
        {cut(host, characters + 1)}
      </text>
    </g>
  );
}

function cut(text: string, characters: number): string {
  return text.length <= characters ? text : `${text.slice(0, Math.max(1, characters - 1))}…`;
}

function describe(dataflows: readonly DataflowReport[]): string {
  const troubled = dataflows.filter(({ state }) => state !== "ok").length;
  return `Drawing of ${dataflows.length} dataflows, ${troubled} of them not OK; the table has the same`;
}

/** Follows the width of an element. */
function useWidth() {
  const frame = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(720);
  useEffect(() => {
    const { current } = frame;
    if (current === null) return undefined;
    const observer = new ResizeObserver(() => {
      setWidth(Math.max(240, current.clientWidth));
    });
    observer.observe(current);
    return () => {
      observer.disconnect();
    };
  }, []);
  return [frame, width] as const;
}
