import { shorten } from "../../contract/errors.ts";
import { PublishView, type EncodedPublish } from "../../mqtt/publish.ts";
import type { MessageTrace, Tracer } from "../../queue/ports.ts";
import {
  readTraceContext,
  traceParentBytes,
  userPropertyBytes,
  type TraceContext,
} from "../../rewrite/trace-context.ts";
import type { Sampler } from "./sampler.ts";
import { SpanKind, type Attributes, type SpanForm, type SpanSink } from "./span.ts";
import { randomDigits } from "./random-digits.ts";
import { TracedMessage } from "./traced-message.ts";

/** One side of a dataflow, as its spans name it. */
export interface TracedSide {
  readonly host: string;
  readonly port: number;
  readonly clientId: string;
  /** The topic filter or template that all its messages have in common; omitted: there are several. */
  readonly template?: string;
}

/** A dataflow, as its spans name it. */
export interface TracedDataflow {
  readonly name: string;
  readonly source: TracedSide;
  readonly destination: TracedSide;
  /** Bytes of user properties that the destination takes in a message; omitted: as many as fit. */
  readonly maxUserPropertyBytes?: number;
}

/** What the tracers of a relay share. */
export interface TracerParts extends SpanSink {
  readonly sampler: Sampler;
}

/** Traces the sampled messages of one dataflow. */
export class DataflowTracer implements Tracer {
  readonly #parts: TracerParts;
  readonly #forms: { readonly process: SpanForm; readonly deliver: SpanForm; readonly publish: SpanForm };
  readonly #maxUserPropertyBytes: number;
  readonly #view = new PublishView();

  constructor(dataflow: TracedDataflow, parts: TracerParts) {
    const { name, source, destination, maxUserPropertyBytes = Infinity } = dataflow;
    this.#parts = parts;
    this.#maxUserPropertyBytes = maxUserPropertyBytes;
    this.#forms = {
      process: formOf("process", SpanKind.consumer, name, source),
      deliver: { ...formOf("deliver", SpanKind.internal, name, destination), common: own(name) },
      publish: formOf("publish", SpanKind.producer, name, destination),
    };
  }

  begin(view: PublishView): MessageTrace | undefined {
    const parent = readTraceContext(view);
    const traceId = this.#sample(parent);
    if (traceId === undefined) return undefined;
    // A trace that it came with is replaced by one of the same length.
    const mayCarry = parent !== undefined || userPropertyBytes(view) + traceParentBytes <= this.#maxUserPropertyBytes;
    const { topic, payloadBytes } = view;
    const begun = { traceId, parent, topic: shorten(topic), mayCarry, payloadBytes };
    return new TracedMessage(this.#parts, { own: this.#forms.process, publish: this.#forms.publish }, begun);
  }

  resume(publish: EncodedPublish): MessageTrace | undefined {
    const view = this.#view.readPacket(publish.packet);
    const parent = readTraceContext(view);
    const { topic, payloadBytes } = view;
    view.leave();
    if (parent === undefined || !this.#parts.sampler.takes(parent)) return undefined;
    const begun = { traceId: parent.traceId, parent, topic: shorten(topic), mayCarry: true, payloadBytes };
    return new TracedMessage(this.#parts, { own: this.#forms.deliver, publish: this.#forms.publish }, begun);
  }

  /** The trace that a message belongs to; `undefined` when it is not traced. */
  #sample(parent: TraceContext | undefined): string | undefined {
    const { sampler } = this.#parts;
    if (parent !== undefined) return sampler.takes(parent) ? parent.traceId : undefined;
    const deciding = sampler.start();
    if (deciding === undefined) return undefined;
    const others = randomDigits(10);
    return `${others.slice(0, otherDigits)}${deciding}${others.slice(otherDigits, otherDigits + 1)}`;
  }
}

/** Digits of a trace before those that decide. */
const otherDigits = 18;

/** @see OpenTelemetry, semantic conventions for messaging spans and for MQTT */
function formOf(
  operation: "process" | "publish" | "deliver",
  kind: SpanKind,
  dataflow: string,
  side: TracedSide,
): SpanForm {
  const { host, port, clientId, template } = side;
  return {
    name: template === undefined ? operation : `${operation} ${template}`,
    kind,
    common: {
      "messaging.system": "mqtt",
      "messaging.operation.name": operation,
      "messaging.operation.type": operation === "publish" ? "send" : operation,
      "messaging.client.id": clientId,
      "messaging.destination.template": template,
      "server.address": host,
      "server.port": port,
      "network.protocol.name": "mqtt",
      "network.protocol.version": "5",
      ...own(dataflow),
    },
  };
}

function own(dataflow: string): Attributes {
  return { "mqtt_dataflow.dataflow": dataflow };
}
