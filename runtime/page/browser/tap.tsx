import { useEffect, useState } from "preact/hooks";

import { bytes, clock } from "./format.ts";
import type { MessageSample, SampledMessage, StatusDocument } from "./types.ts";

const keptSamples = 30;

interface TapProps {
  readonly dataflow: string;
  readonly allowed: StatusDocument["tap"];
}

/** Shows some messages of a dataflow as they pass. */
export function Tap({ dataflow, allowed }: TapProps) {
  const [isOn, setOn] = useState(false);
  const [withPayload, setWithPayload] = useState(false);
  const { samples, trouble } = useSamples(isOn ? dataflow : undefined, withPayload);
  if (allowed === "Off") {
    return (
      <p class="muted">
        The live tap is off. Who administers the relay turns it on with <code>relay.statusPage.tap</code>.
      </p>
    );
  }
  return (
    <div class="tap">
      <h3>Live tap</h3>
      <p class="filters">
        <button type="button" aria-pressed={isOn} onClick={() => setOn(!isOn)}>
          {isOn ? "Stop" : "Show messages"}
        </button>
        {allowed === "Payload" && (
          <label>
            <input
              type="checkbox"
              checked={withPayload}
              onChange={(event) => setWithPayload(event.currentTarget.checked)}
            />{" "}
            with payload
          </label>
        )}
        <span class="muted">Ten a second at most. Nothing is stored.</span>
      </p>
      {trouble !== undefined && <p role="alert">{trouble}</p>}
      {isOn && samples.length === 0 && trouble === undefined && <p class="muted">No message has come yet.</p>}
      <ol class="samples">
        {samples.map((sample, index) => (
          <Sample key={`${sample.time}${index}`} sample={sample} />
        ))}
      </ol>
    </div>
  );
}

function useSamples(dataflow: string | undefined, withPayload: boolean) {
  const [samples, setSamples] = useState<readonly MessageSample[]>([]);
  const [trouble, setTrouble] = useState<string>();
  useEffect(() => {
    if (dataflow === undefined) return undefined;
    setSamples([]);
    setTrouble(undefined);
    const query = `dataflow=${encodeURIComponent(dataflow)}${withPayload ? "&payload=1" : ""}`;
    const source = new EventSource(`/api/tap?${query}`);
    source.addEventListener("message", ({ data }: MessageEvent<string>) => {
      const sample = JSON.parse(data) as MessageSample;
      setSamples((known) => [sample, ...known].slice(0, keptSamples));
    });
    source.addEventListener("error", () => {
      setTrouble("the relay shows no messages at this time; others may be watching, or it has stopped");
    });
    source.addEventListener("open", () => {
      setTrouble(undefined);
    });
    return () => {
      source.close();
    };
  }, [dataflow, withPayload]);
  return { samples, trouble };
}

function Sample({ sample }: { readonly sample: MessageSample }) {
  const { source, destination, payload, problem } = sample;
  return (
    <li>
      <p>
        <time class="muted">{clock(sample.time)}</time> <code>{source.topic}</code> →{" "}
        {destination === null ? <b>{problem}</b> : <code>{destination.topic}</code>}
      </p>
      <p class="muted">
        QoS {source.qos}
        {source.retain && ", retained"}, payload {bytes(sample.payloadBytes)}, packet {bytes(source.bytes)}
        {destination !== null && ` → ${bytes(destination.bytes)}`}
      </p>
      <Properties of={destination ?? source} />
      {payload !== undefined && (
        <pre>
          {payload.encoding === "base64" && "base64: "}
          {payload.content}
          {!payload.isWhole && "…"}
        </pre>
      )}
    </li>
  );
}

function Properties({ of: { properties } }: { readonly of: SampledMessage }) {
  if (properties.length === 0) return null;
  return (
    <p class="properties">
      {properties.map(([name, value], index) => (
        <span key={index}>
          <span class="muted">{name}</span> {value}
        </span>
      ))}
    </p>
  );
}
