/** Kinds of a span, by OTLP's numbers. @see OTLP, Span.SpanKind */
export const SpanKind = { internal: 1, producer: 4, consumer: 5 } as const;

export type SpanKind = (typeof SpanKind)[keyof typeof SpanKind];

/** What is known beside a span: by its name. Texts, or whole numbers. */
export type Attributes = Readonly<Record<string, string | number | undefined>>;

/** What all spans of a dataflow and an operation have in common. */
export interface SpanForm {
  readonly name: string;
  readonly kind: SpanKind;
  readonly common: Attributes;
}

/** Who takes spans, and the clock that they are measured with. */
export interface SpanSink {
  readonly onSpan: (span: Span) => void;
  /** Monotonic clock, that of `performance.now()`, in milliseconds. */
  readonly now: () => number;
}

/** A span that has ended. */
export interface Span extends SpanForm {
  readonly traceId: string;
  readonly spanId: string;
  /** Omitted: it begins its trace. */
  readonly parentSpanId: string | undefined;
  /** Whether another process has made the parent. */
  readonly isParentRemote: boolean;
  readonly state: string | undefined;
  /** By the sink's clock, in milliseconds. */
  readonly startMs: number;
  readonly endMs: number;
  readonly attributes: Attributes;
  /** Why it failed; `undefined` when it did not. */
  readonly error: string | undefined;
}
