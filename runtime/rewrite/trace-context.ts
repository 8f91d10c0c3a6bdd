import { PropertyId } from "../contract/mqtt-properties.ts";
import {
  encodeUserProperty,
  forEachProperty,
  isHopProperty,
  PublishView,
  type EncodedPublish,
  type PropertiesView,
} from "../mqtt/publish.ts";

/**
 * Names of the user properties that carry a trace.
 * @see W3C, Trace Context: MQTT protocol, first public working draft
 */
const names = { parent: Buffer.from("traceparent"), state: Buffer.from("tracestate") } as const;

/** Bytes of the user property `traceparent`, which is as long in every message. */
export const traceParentBytes = 1 + 2 + names.parent.length + 2 + 55;

/** The trace that a message belongs to, and the span that what follows is part of. @see W3C Trace Context, §3.2 */
export interface TraceContext {
  /** 32 lower-case hexadecimal digits. */
  readonly traceId: string;
  /** 16 lower-case hexadecimal digits. */
  readonly spanId: string;
  /** Whether whoever sent it records it. */
  readonly isSampled: boolean;
  /** What others keep beside it; omitted: nothing. */
  readonly state?: string | undefined;
}

/** Later versions may have more behind these fields. */
const format = /^(?!ff)([0-9a-f]{2})-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(?:$|-)/;
const formatLength = 55;
const sampledFlag = 0x01;
/** Where the span stands in the value. */
const spanIdAt = 36;
/** Longest state that is passed on to a collector. @see W3C Trace Context, §3.3.1.5 */
const maxStateLength = 512;

/** The trace that a message came with; `undefined` when there is none, more than one, or one that is malformed. */
export function readTraceContext(properties: PropertiesView): TraceContext | undefined {
  const { bytes } = properties;
  let parent: string | undefined;
  let parents = 0;
  let state: string | undefined;
  forEachProperty(properties, (identifier, start, end) => {
    if (identifier !== PropertyId.userProperty) return;
    if (isNamed(bytes, start, names.parent)) {
      parents++;
      parent = bytes.toString("latin1", valueOf(start, names.parent), end);
    } else if (isNamed(bytes, start, names.state)) {
      const value = bytes.toString("latin1", valueOf(start, names.state), end);
      state = state === undefined ? value : `${state},${value}`;
    }
  });
  if (parent === undefined || parents > 1) return undefined;
  const [, version, traceId, spanId, flags] = format.exec(parent) ?? [];
  if (traceId === undefined || spanId === undefined || (version === "00" && parent.length > formatLength))
    return undefined;
  const isKept = state !== undefined && state !== "" && state.length <= maxStateLength;
  const isSampled = (Number.parseInt(flags ?? "", 16) & sampledFlag) !== 0;
  return { traceId, spanId, isSampled, ...(isKept ? { state } : {}) };
}

/**
 * Makes the properties of a message that carries a trace: in place of the one that it came with, whose state stays, or behind
 * all others. Properties of its connection are left out.
 * @param isNew whether the trace is another one than it came with: nothing of that stays
 */
export function writeTraceContext(properties: PropertiesView, context: TraceContext, isNew: boolean): Buffer {
  const { bytes } = properties;
  const written = encodeUserProperty("traceparent", `00-${context.traceId}-${context.spanId}-01`);
  const kept: Buffer[] = [];
  forEachProperty(properties, (identifier, start, end) => {
    if (isHopProperty(identifier)) return;
    const isUser = identifier === PropertyId.userProperty;
    const isParent = isUser && isNamed(bytes, start, names.parent);
    if (isParent && !isNew) kept.push(written);
    else if (!isParent && !(isNew && isUser && isNamed(bytes, start, names.state)))
      kept.push(bytes.subarray(start, end));
  });
  if (isNew) kept.push(written);
  return Buffer.concat(kept);
}

/** Names another span in a packet that carries this trace; one that does not stays as it is. */
export function stampSpanId({ packet }: EncodedPublish, traceId: string, spanId: string): void {
  forEachProperty(new PublishView().readPacket(packet), (identifier, start, end) => {
    if (identifier !== PropertyId.userProperty || !isNamed(packet, start, names.parent)) return;
    const value = valueOf(start, names.parent);
    if (packet.toString("latin1", value, end).startsWith(`00-${traceId}-`))
      packet.write(spanId, value + spanIdAt, "latin1");
  });
}

/** Bytes of all user properties. */
export function userPropertyBytes(properties: PropertiesView): number {
  let sum = 0;
  forEachProperty(properties, (identifier, start, end) => {
    if (identifier === PropertyId.userProperty) sum += end - start;
  });
  return sum;
}

/** Whether the user property that begins at `start` has this name. */
function isNamed(bytes: Buffer, start: number, name: Buffer): boolean {
  if (bytes.readUInt16BE(start + 1) !== name.length) return false;
  return bytes.compare(name, 0, name.length, start + 3, start + 3 + name.length) === 0;
}

/** Where the value of the user property that begins at `start` begins. */
function valueOf(start: number, name: Buffer): number {
  return start + 5 + name.length;
}
