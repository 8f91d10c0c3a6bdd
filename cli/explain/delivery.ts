import type { Dataflow, DataflowParts } from "../../runtime/contract/config/dataflow.ts";
import { eventGridLimits } from "../../runtime/contract/config/endpoint-rules.ts";
import { HostType, type Endpoint } from "../../runtime/contract/config/endpoint.ts";
import { PublishView } from "../../runtime/mqtt/publish.ts";
import { createPatch, planPatch } from "../../runtime/rewrite/patch.ts";
import { planDeadLetters } from "../../runtime/rewrite/dead-letter.ts";
import { perSession } from "../../components/event-grid/quotas.ts";
import { showMessage, viewOf, type SampleMessage, type ShownMessage } from "./sample-message.ts";

/** What a dataflow makes of a message. */
export type Outcome =
  | {
      readonly kind: "delivered";
      readonly message: ShownMessage;
      /** User properties that the relay makes, by name; their values differ from message to message where they are empty. */
      readonly generated: Readonly<Record<string, string>>;
      /** Bounds and settings that may change it on its way. */
      readonly notes: readonly string[];
    }
  | {
      readonly kind: "undeliverable";
      readonly reason: string;
      /** What the dataflow does with such a message. */
      readonly consequence: string;
    };

/** What a dataflow consists of. */
export interface FlowParts {
  readonly dataflow: Dataflow;
  readonly parts: DataflowParts;
  readonly source: Endpoint;
  readonly destination: Endpoint;
}

/** Makes of a message what the relay makes of it: by the relay's own rewriting. */
export function deliver(name: string, flow: FlowParts, message: SampleMessage): Outcome {
  const { dataflow, parts, destination } = flow;
  const consequence = consequenceOf(name, dataflow, parts);
  const made = createPatch(planPatch(parts, destination, dataflow.relay.maxHops))(viewOf(message));
  if ("undeliverable" in made) return { kind: "undeliverable", reason: made.undeliverable, consequence };
  const { packet } = made;
  const { maxPacketBytes } = eventGridLimits;
  if (destination.hostType === HostType.EventGrid && packet.length > maxPacketBytes) {
    const reason = `its packet has ${packet.length} bytes, more than Event Grid's ${maxPacketBytes}`;
    return { kind: "undeliverable", reason, consequence };
  }
  const shown = showMessage(new PublishView().readPacket(packet));
  return { kind: "delivered", message: shown, generated: generatedIn(shown, message), notes: notesOf(flow, message) };
}

/** Attributes of CloudEvents whose values are made anew for each message. */
const differing = ["id", "time"];

function generatedIn({ userProperties }: ShownMessage, given: SampleMessage): Readonly<Record<string, string>> {
  const had = new Set(given.userProperties.map(([name]) => name));
  return Object.fromEntries(
    userProperties
      .filter(([name]) => !had.has(name))
      .map(([name, value]) => [name, differing.includes(name) ? "" : value]),
  );
}

function consequenceOf(name: string, { relay }: Dataflow, parts: DataflowParts): string {
  switch (relay.undeliverableMessages) {
    case "Stop":
      return "the dataflow stops before it (undeliverableMessages is Stop)";
    case "Discard":
      return "it is discarded and counted (undeliverableMessages is Discard)";
    case "DeadLetter": {
      const { publish } = planDeadLetters(name, parts, relay);
      const where = publish === undefined ? "on the disk" : `published at the ${publish.side} as ${publish.topic}`;
      return `it becomes a dead letter, ${where} (undeliverableMessages is DeadLetter)`;
    }
  }
}

/** @see Event Grid, MQTT quotas (2025-07-30); Event Grid, retained messages */
const maxRetainedBytes = 65_536;

function notesOf({ source, destination, dataflow }: FlowParts, { qos, retain, payload }: SampleMessage): string[] {
  const notes: string[] = [];
  if (source.mqttSettings.qos === 0 && qos > 0)
    notes.push("the source is subscribed to with QoS 0: the message is lost where it comes while the dataflow is away");
  if (destination.hostType === HostType.EventGrid) {
    const { messages, bytes } = perSession.destination;
    notes.push(
      `Event Grid takes ${messages} messages and ${bytes} bytes a second from this dataflow's session at most`,
    );
    if (retain && destination.mqttSettings.retain === "Keep") {
      notes.push(
        payload.length > maxRetainedBytes
          ? `Event Grid keeps retained messages of ${maxRetainedBytes} bytes at most, and this one has ${payload.length}`
          : "Event Grid keeps it where the namespace has retained messages; else the relay clears the flag",
      );
    }
  }
  if (source.hostType === HostType.EventGrid) {
    const { messages, bytes } = perSession.source;
    notes.push(
      `Event Grid delivers ${messages} messages and ${bytes} bytes a second to this dataflow's session at most, and ends the session once 100 messages or 1 MB wait in it`,
    );
  }
  const { spool } = dataflow.relay;
  if (spool.maxAgeSeconds !== undefined)
    notes.push(`after ${spool.maxAgeSeconds} s on the disk it counts as undeliverable (spool.maxAgeSeconds)`);
  return notes;
}
