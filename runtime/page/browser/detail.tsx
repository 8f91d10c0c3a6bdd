import type { ComponentChildren } from "preact";

import { ago, bytes, clock, count } from "./format.ts";
import { Tap } from "./tap.tsx";
import type { DataflowReport, SideReport, StatusDocument } from "./types.ts";

interface DetailProps {
  readonly dataflow: DataflowReport;
  readonly status: StatusDocument;
}

/** All that is known of one dataflow. */
export function Detail({ dataflow, status }: DetailProps) {
  const lost = Object.entries(dataflow.lostByReason).map(
    ([reason, many]) => `${reason.replaceAll("_", " ")} ${count(many)}`,
  );
  return (
    <>
      <LastError dataflow={dataflow} now={status.time} />
      <div class="columns">
        <dl>
          <Fact title="Topic filters">
            {dataflow.filters.map((filter) => (
              <code key={filter}>{filter}</code>
            ))}
          </Fact>
          <Fact title="Destination topic">
            <code>{dataflow.destinationTopic === "" ? "${inputTopic}" : dataflow.destinationTopic}</code>
          </Fact>
          <Fact title="Memory">{bytes(dataflow.heldBytes)}</Fact>
          {dataflow.onDisk.maxBytes !== null && (
            <Fact title="Disk">
              {bytes(dataflow.onDisk.takenBytes)} of {bytes(dataflow.onDisk.maxBytes)}
            </Fact>
          )}
          <Fact title="Refused for the time being">{count(dataflow.rejected)}</Fact>
          <Fact title="Dead letters">{count(dataflow.deadLettered)}</Fact>
          <Fact title="Lost">{lost.length === 0 ? "0" : `${count(dataflow.lost)} (${lost.join(", ")})`}</Fact>
        </dl>
        <Side title="Source" side={dataflow.source} now={status.time} />
        <Side title="Destination" side={dataflow.destination} now={status.time} />
      </div>
      <Tap key={dataflow.name} dataflow={dataflow.name} allowed={status.tap} />
    </>
  );
}

function LastError({ dataflow: { lastError }, now }: { readonly dataflow: DataflowReport; readonly now: string }) {
  if (lastError === null) return <p class="muted">Nothing has gone wrong since the start.</p>;
  const { text, remedy, since, last, times, isOver } = lastError;
  return (
    <div class={`last-error ${isOver ? "over" : ""}`}>
      <h3>{isOver ? "Last error, over by now" : `Error since ${clock(since)}, for ${ago(since, now)}`}</h3>
      <p>{text}</p>
      {remedy !== undefined && (
        <p>
          <b>What to do:</b> {remedy}
        </p>
      )}
      <p class="muted">
        {times === 1 ? "once" : `${count(times)} times`}, last {clock(last)}
      </p>
    </div>
  );
}

function Side({ title, side, now }: { readonly title: string; readonly side: SideReport; readonly now: string }) {
  const { limits } = side;
  return (
    <dl>
      <Fact title={title}>{side.endpoint}</Fact>
      <Fact title="Connection">
        {side.state} for {ago(side.since, now)}
        {side.disconnects > 0 &&
          `, ended ${side.disconnects === 1 ? "once" : `${count(side.disconnects)} times`} before`}
      </Fact>
      <Fact title="Client identifier">
        <code>{side.clientId}</code>
      </Fact>
      {limits !== null && (
        <>
          <Fact title="Receive Maximum">{count(limits.receiveMaximum)}</Fact>
          <Fact title="Maximum Packet Size">
            {limits.maximumPacketBytes === null ? "none" : bytes(limits.maximumPacketBytes)}
          </Fact>
          <Fact title="Maximum QoS">{limits.maximumQoS}</Fact>
          <Fact title="Session">
            {limits.sessionPresent ? "kept" : "new"}
            {limits.sessionExpirySeconds !== null && `, for ${count(limits.sessionExpirySeconds)} s`}
          </Fact>
        </>
      )}
    </dl>
  );
}

function Fact({ title, children }: { readonly title: string; readonly children: ComponentChildren }) {
  return (
    <div>
      <dt>{title}</dt>
      <dd>{children}</dd>
    </div>
  );
}
