import { shorten } from "../../contract/errors.ts";
import { PublishView, type EncodedPublish } from "../../mqtt/publish.ts";
import type { MessageTrace } from "../../queue/ports.ts";
import { stampSpanId, type TraceContext } from "../../rewrite/trace-context.ts";
import { randomDigits } from "./random-digits.ts";
import type { Attributes, SpanForm, SpanSink } from "./span.ts";

/** A message whose trace begins or goes on here. */
export interface BegunTrace {
  readonly traceId: string;
  /** The trace that it came with; `undefined`: it gets one here. */
  readonly parent: TraceContext | undefined;
  readonly topic: string;
  /** Whether a trace that it did not come with may be written into it. */
  readonly mayCarry: boolean;
  readonly payloadBytes: number;
}

/** How its spans begin: that of the time that the relay has it, and those for what is published. */
export interface TracedForms {
  readonly own: SpanForm;
  readonly publish: SpanForm;
}

/** Why a message was not delivered. */
interface Failure {
  readonly kind: string;
  readonly reason: string;
}

/** A message is on its way to a broker. */
interface Publishing {
  readonly spanId: string;
  readonly startMs: number;
  readonly attributes: Attributes;
  /** How often it was sent. */
  sends: number;
}

const view = new PublishView();

/**
 * The spans of one message: one for the time that the relay has it, and within that one for each topic that it is published
 * to, from the first time that it is sent until it is acknowledged. A span is given away when it has ended.
 */
export class TracedMessage implements MessageTrace {
  readonly carried: MessageTrace["carried"];
  readonly #sink: SpanSink;
  readonly #forms: TracedForms;
  readonly #begun: BegunTrace;
  readonly #spanId = randomDigits(8);
  readonly #startMs: number;
  #publishing: Publishing | undefined;
  #error: Failure | undefined;
  #hasEnded = false;

  constructor(sink: SpanSink, forms: TracedForms, begun: BegunTrace) {
    this.#sink = sink;
    this.#forms = forms;
    this.#begun = begun;
    this.#startMs = sink.now();
    const { traceId, parent, mayCarry } = begun;
    const context = { traceId, spanId: this.#spanId, isSampled: true };
    this.carried = mayCarry ? { context, isNew: parent === undefined } : undefined;
  }

  onSent(publish: EncodedPublish): void {
    if (this.#publishing !== undefined) {
      this.#publishing.sends++; // in the packet it has the span already
      return;
    }
    const spanId = randomDigits(8);
    stampSpanId(publish, this.#begun.traceId, spanId);
    const { topic, payloadBytes, qos } = view.readPacket(publish.packet);
    view.leave();
    const attributes = {
      ...describe(topic, payloadBytes),
      "messaging.message.envelope.size": publish.length,
      "mqtt_dataflow.qos": qos,
    };
    this.#publishing = { spanId, startMs: this.#sink.now(), attributes, sends: 1 };
  }

  onTrouble(kind: string, reason: string): void {
    this.#error = { kind, reason };
    this.#endPublishing(this.#error);
  }

  onSpooled(): void {
    this.#endOwn("on_disk");
  }

  onDone(): void {
    this.#endPublishing(undefined);
    this.#endOwn(this.#error?.kind ?? "delivered");
  }

  #endPublishing(error: Failure | undefined): void {
    const publishing = this.#publishing;
    if (publishing === undefined) return;
    this.#publishing = undefined;
    const { spanId, startMs, sends } = publishing;
    const attributes = { ...publishing.attributes, "mqtt_dataflow.sends": sends, "error.type": error?.kind };
    this.#sink.onSpan({
      ...this.#forms.publish,
      ...this.#place(spanId, this.#spanId, false),
      startMs,
      attributes,
      error: error?.reason,
    });
  }

  #endOwn(outcome: string): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    const { topic, payloadBytes, parent } = this.#begun;
    const attributes = {
      ...describe(topic, payloadBytes),
      "mqtt_dataflow.outcome": outcome,
      "error.type": this.#error?.kind,
    };
    this.#sink.onSpan({
      ...this.#forms.own,
      ...this.#place(this.#spanId, parent?.spanId, parent !== undefined),
      startMs: this.#startMs,
      attributes,
      error: this.#error?.reason,
    });
  }

  #place(spanId: string, parentSpanId: string | undefined, isParentRemote: boolean) {
    const { traceId, parent } = this.#begun;
    return { traceId, spanId, parentSpanId, isParentRemote, state: parent?.state, endMs: this.#sink.now() };
  }
}

/** A topic of 65 kB would be kept with each span that waits for its export. */
function describe(topic: string, payloadBytes: number): Attributes {
  return { "messaging.destination.name": shorten(topic), "messaging.message.body.size": payloadBytes };
}
