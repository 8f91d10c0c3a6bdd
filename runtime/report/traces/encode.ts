import type { Attributes, Span } from "./span.ts";

const scope = "mqtt-dataflow";
/** @see OTLP, Status.StatusCode */
const failed = 2;
/** Flags of a span: sampled; whether it is known where the parent was made, and that it was another process. @see OTLP, SpanFlags */
const flag = { sampled: 0x01, hasIsRemote: 0x100, isRemote: 0x200 } as const;
/** Spans in a piece. */
const spansInPiece = 16;

/**
 * Writes an ExportTraceServiceRequest as JSON, in pieces, so that whoever sends it can let messages through between two.
 * @param epochMs when the spans' clock was 0, in milliseconds since 1970
 * @see OTLP 1.x, JSON protobuf encoding
 */
export function* encodeSpans(
  spans: readonly Span[],
  resource: Readonly<Record<string, string>>,
  epochMs: number,
): Generator<string> {
  yield `{"resourceSpans":[{"resource":{"attributes":${JSON.stringify(encodeAttributes(resource))}},"scopeSpans":[{"scope":{"name":"${scope}"},"spans":[`;
  for (let at = 0; at < spans.length; at += spansInPiece) {
    const piece = spans.slice(at, at + spansInPiece).map((span) => JSON.stringify(encodeSpan(span, epochMs)));
    yield `${at === 0 ? "" : ","}${piece.join(",")}`;
  }
  yield "]}]}]}";
}

function encodeSpan(span: Span, epochMs: number): object {
  const { traceId, spanId, parentSpanId, isParentRemote, state, error } = span;
  const flags = flag.sampled | flag.hasIsRemote | (isParentRemote ? flag.isRemote : 0);
  return {
    traceId,
    spanId,
    ...(parentSpanId === undefined ? {} : { parentSpanId }),
    ...(state === undefined ? {} : { traceState: state }),
    flags,
    name: span.name,
    kind: span.kind,
    startTimeUnixNano: toNanoseconds(epochMs + span.startMs),
    endTimeUnixNano: toNanoseconds(epochMs + span.endMs),
    attributes: [...encodeAttributes(span.common), ...encodeAttributes(span.attributes)],
    // A consumer is linked with what made the message, whether it has become its child or not.
    ...(isParentRemote ? { links: [{ traceId, spanId: parentSpanId, flags }] } : {}),
    ...(error === undefined ? {} : { status: { code: failed, message: error } }),
  };
}

function encodeAttributes(attributes: Attributes): object[] {
  return Object.entries(attributes)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => ({
      key,
      value: typeof value === "number" ? { intValue: String(value) } : { stringValue: value },
    }));
}

/** A number has too few digits for nanoseconds since 1970: those of whole milliseconds are written apart. */
function toNanoseconds(milliseconds: number): string {
  const whole = Math.floor(milliseconds);
  const nanoseconds = Math.floor((milliseconds - whole) * 1e6);
  return `${whole}${String(nanoseconds).padStart(6, "0")}`;
}
