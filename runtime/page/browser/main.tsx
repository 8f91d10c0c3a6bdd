import { render } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";

import { Charts } from "./charts.tsx";
import { Dataflows } from "./dataflows.tsx";
import { Demo, isDemo } from "./demo.tsx";
import { Detail } from "./detail.tsx";
import { Drawing } from "./drawing.tsx";
import { Endpoints } from "./endpoints.tsx";
import { Events } from "./events.tsx";
import { ago, bytes } from "./format.ts";
import { useHistory, useRelay } from "./live.ts";
import { State } from "./state.tsx";
import type { StatusDocument } from "./types.ts";

const shownReasons = 8;

function Page() {
  const { status, events, trouble } = useRelay();
  const [selected, setSelected] = useState<string>();
  if (status === undefined) {
    return (
      <main>
        <h1>mqtt-dataflow relay</h1>
        <p role="status">{trouble ?? "Asking the relay…"}</p>
      </main>
    );
  }
  const { dataflows, endpoints, reasons } = status;
  const onSelect = (name: string) => {
    setSelected(name === selected ? undefined : name);
  };
  return (
    <>
      <Header status={status} />
      <main>
        {trouble !== undefined && (
          <p class="banner" role="alert">
            {trouble}
          </p>
        )}
        {isDemo && <Demo />}
        <Reasons reasons={reasons} />
        <section aria-labelledby="overview">
          <h2 id="overview">Overview</h2>
          <Drawing {...{ dataflows, endpoints, selected, onSelect }} />
        </section>
        <Dataflows {...{ dataflows, selected, onSelect }} />
        <Minutes status={status} selected={selected} onAll={() => setSelected(undefined)} />
        <Endpoints status={status} />
        <Events events={events} />
      </main>
    </>
  );
}

interface MinutesProps {
  readonly status: StatusDocument;
  readonly selected: string | undefined;
  readonly onAll: () => void;
}

/** The last minutes of one dataflow with all that is known of it, or of all together. */
function Minutes({ status, selected, onAll }: MinutesProps) {
  const dataflow = status.dataflows.find(({ name }) => name === selected);
  const history = useHistory(dataflow?.name);
  const heading = useShown(dataflow?.name);
  return (
    <section aria-labelledby="minutes">
      <h2 id="minutes" ref={heading}>
        {dataflow === undefined ? "All dataflows, the last minutes" : dataflow.name}
      </h2>
      {dataflow !== undefined && (
        <button type="button" class="close" onClick={onAll}>
          Show all dataflows
        </button>
      )}
      <Charts key={dataflow?.name ?? ""} history={history} />
      {dataflow !== undefined && <Detail dataflow={dataflow} status={status} />}
    </section>
  );
}

/** Scrolls to a heading when what stands below it was chosen elsewhere, and it is out of sight. */
function useShown(chosen: string | undefined) {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    const { top = 0 } = heading.current?.getBoundingClientRect() ?? {};
    if (chosen !== undefined && (top < 0 || top > window.innerHeight - 100)) heading.current?.scrollIntoView();
  }, [chosen]);
  return heading;
}

function Header({ status: { relay, state, time } }: { readonly status: StatusDocument }) {
  const memory = `${bytes(relay.residentBytes)}${relay.limitBytes === null ? "" : ` of ${bytes(relay.limitBytes)}`}`;
  return (
    <header>
      <h1>
        {relay.site ?? "mqtt-dataflow"} <span class="muted">relay {relay.instance}</span>
      </h1>
      <State state={state} />
      <p class="muted">
        runs for {ago(relay.startedAt, time)}, memory {memory}
      </p>
    </header>
  );
}

function Reasons({ reasons }: { readonly reasons: readonly string[] }) {
  if (reasons.length === 0) return null;
  const more = reasons.length - shownReasons;
  return (
    <section class="reasons" aria-labelledby="reasons">
      <h2 id="reasons">What is not as it should be</h2>
      <ul>
        {reasons.slice(0, shownReasons).map((reason) => (
          <li key={reason}>{reason}</li>
        ))}
        {more > 0 && <li class="muted">and {more} more</li>}
      </ul>
    </section>
  );
}

const root = document.getElementById("page");
if (root !== null) render(<Page />, root);
