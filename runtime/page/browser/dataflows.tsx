import { useState } from "preact/hooks";

import { bytes, count, duration, latency, rate } from "./format.ts";
import { State } from "./state.tsx";
import type { DataflowReport } from "./types.ts";

interface DataflowsProps {
  readonly dataflows: readonly DataflowReport[];
  readonly selected: string | undefined;
  readonly onSelect: (name: string) => void;
}

/** With more than so many there is a field to find one in, and those that are not OK come first. */
const manyDataflows = 10;
const shownAtFirst = 25;

const columns = [
  "Dataflow",
  "State",
  "Received",
  "Delivered",
  "Waiting",
  "In flight",
  "On disk",
  "Oldest",
  "p50",
  "p99",
] as const;

/** The dataflows as a table; on a phone each row is a card. */
export function Dataflows({ dataflows, selected, onSelect }: DataflowsProps) {
  const [wanted, setWanted] = useState("");
  const [onlyTroubled, setOnlyTroubled] = useState(false);
  const [isLong, setLong] = useState(false);
  const found = dataflows.filter(
    ({ name, state }) => name.includes(wanted.trim().toLowerCase()) && !(onlyTroubled && state === "ok"),
  );
  const sorted = dataflows.length > manyDataflows ? found.toSorted(byState) : found;
  const shown = sorted.slice(0, isLong ? undefined : shownAtFirst);
  return (
    <section aria-labelledby="dataflows">
      <h2 id="dataflows">Dataflows</h2>
      {dataflows.length > manyDataflows && (
        <Filters
          {...{ wanted, setWanted, onlyTroubled, setOnlyTroubled, said: `${found.length} of ${dataflows.length}` }}
        />
      )}
      <table class="cards">
        <Head />
        <tbody>
          {shown.map((dataflow) => (
            <Row key={dataflow.name} {...{ dataflow, onSelect, isSelected: dataflow.name === selected }} />
          ))}
        </tbody>
      </table>
      {sorted.length > shown.length && (
        <button type="button" onClick={() => setLong(true)}>
          Show all {sorted.length}
        </button>
      )}
    </section>
  );
}

function Head() {
  return (
    <thead>
      <tr>
        {columns.map((title) => (
          <th key={title} scope="col">
            {title}
          </th>
        ))}
      </tr>
    </thead>
  );
}

interface FiltersProps {
  readonly wanted: string;
  readonly setWanted: (wanted: string) => void;
  readonly onlyTroubled: boolean;
  readonly setOnlyTroubled: (onlyTroubled: boolean) => void;
  readonly said: string;
}

function Filters({ wanted, setWanted, onlyTroubled, setOnlyTroubled, said }: FiltersProps) {
  return (
    <p class="filters">
      <label>
        Name <input type="search" value={wanted} onInput={(event) => setWanted(event.currentTarget.value)} />
      </label>
      <label>
        <input
          type="checkbox"
          checked={onlyTroubled}
          onChange={(event) => setOnlyTroubled(event.currentTarget.checked)}
        />{" "}
        only those that are not OK
      </label>
      <span class="muted">{said}</span>
    </p>
  );
}

const order = { failed: 0, attention: 1, ok: 2 } as const;

function byState(one: DataflowReport, other: DataflowReport): number {
  return order[one.state] - order[other.state];
}

interface RowProps {
  readonly dataflow: DataflowReport;
  readonly isSelected: boolean;
  readonly onSelect: (name: string) => void;
}

function Row({ dataflow, isSelected, onSelect }: RowProps) {
  const { name, state, source, destination, onDisk, latencySeconds } = dataflow;
  const cells = [
    <Both key="received" main={`${rate(dataflow.receivedPerSecond)}/s`} more={count(dataflow.received)} />,
    <Both key="delivered" main={`${rate(dataflow.deliveredPerSecond)}/s`} more={count(dataflow.delivered)} />,
    count(dataflow.waiting),
    <Both key="flight" main={count(dataflow.inFlight)} more={`of ${count(dataflow.window)}`} />,
    onDisk.maxBytes === null ? "–" : <Both key="disk" main={count(onDisk.messages)} more={bytes(onDisk.takenBytes)} />,
    dataflow.oldestSeconds === 0 ? "–" : dataflow.oldestSeconds < 1 ? "< 1 s" : duration(dataflow.oldestSeconds),
    latencySeconds === null ? "–" : latency(latencySeconds.p50),
    latencySeconds === null ? "–" : latency(latencySeconds.p99),
  ];
  return (
    <tr class={isSelected ? "selected" : ""}>
      <th scope="row">
        <button type="button" class="link" aria-pressed={isSelected} onClick={() => onSelect(name)}>
          {name}
        </button>
        <span class="muted">
          {source.endpoint} → {destination.endpoint}
        </span>
      </th>
      <td data-title="State">
        <State state={state} />
      </td>
      {cells.map((cell, index) => (
        <td key={index} class="number" data-title={columns[index + 2]}>
          {cell}
        </td>
      ))}
    </tr>
  );
}

/** A figure, and a second one that belongs to it. */
function Both({ main, more }: { readonly main: string; readonly more: string }) {
  return (
    <>
      {main} <span class="muted">{more}</span>
    </>
  );
}
