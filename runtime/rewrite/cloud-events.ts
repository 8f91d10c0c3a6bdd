import { randomUUID } from "node:crypto";

import { PropertyId } from "../contract/mqtt-properties.ts";
import { encodeText, encodeUserProperty, forEachProperty, isHopProperty, type PublishView } from "../mqtt/publish.ts";

/** Attributes without which a message is no CloudEvent. @see CloudEvents 1.0.2, Required attributes */
const required = ["specversion", "type", "source", "id"] as const;
/** Attributes that are generated; `datacontenttype` is not among them: MQTT carries it as its Content Type. */
type GeneratedAttribute = (typeof required)[number] | "subject" | "time";

/** How a dataflow treats CloudEvents. @see Specification, CloudEvents */
export interface CloudEventsPlan {
  readonly mode: "Propagate" | "CreateOrRemap";
  /** `source` of a generated event: `aio://<name of the destination endpoint>`. */
  readonly source: string;
  /** Content Type after the transformation; omitted: there is no transformation stage that names a format. */
  readonly contentType?: string;
  /** Schema after the transformation. */
  readonly dataSchema?: string;
}

/** `type` of a generated event. @see Specification, CreateOrRemap setting */
const generatedType = "ms.aio-dataflow.telemetry";

/**
 * Makes the properties of a forwarded CloudEvent; `undefined` when they stay as they came.
 *
 * With all required attributes present a message passes, and only what the transformation stage names is changed. With
 * one missing it passes untouched under Propagate; under CreateOrRemap each attribute that is missing is generated and
 * those that are present stay.
 */
export function mapCloudEvent(view: PublishView, plan: CloudEventsPlan, outputTopic: string): Buffer | undefined {
  const present = findAttributes(view);
  const isComplete = required.every((name) => present.has(name));
  if (!isComplete && plan.mode === "Propagate") return undefined;

  const added: Buffer[] = isComplete ? [] : generateMissing(present, plan, outputTopic);
  if (plan.contentType !== undefined) added.unshift(encodeContentType(plan.contentType));
  if (plan.dataSchema !== undefined) added.push(encodeUserProperty("dataschema", plan.dataSchema));
  if (added.length === 0) return undefined;

  const kept: Buffer[] = [];
  forEachProperty(view, (identifier, start, end) => {
    const isReplaced =
      isHopProperty(identifier) ||
      (identifier === PropertyId.contentType && plan.contentType !== undefined) ||
      (identifier === PropertyId.userProperty &&
        plan.dataSchema !== undefined &&
        readName(view.bytes, start) === "dataschema");
    if (!isReplaced) kept.push(view.bytes.subarray(start, end));
  });
  return Buffer.concat([...kept, ...added]);
}

function findAttributes(view: PublishView): Set<string> {
  const present = new Set<string>();
  forEachProperty(view, (identifier, start) => {
    if (identifier === PropertyId.userProperty) present.add(readName(view.bytes, start));
  });
  return present;
}

function generateMissing(present: ReadonlySet<string>, plan: CloudEventsPlan, outputTopic: string): Buffer[] {
  const generators: Record<GeneratedAttribute, () => string> = {
    specversion: () => "1.0",
    type: () => generatedType,
    source: () => plan.source,
    id: () => randomUUID(),
    subject: () => outputTopic,
    time: () => new Date().toISOString(),
  };
  return Object.entries(generators)
    .filter(([name]) => !present.has(name))
    .map(([name, generate]) => encodeUserProperty(name, generate()));
}

/** Name of the user property that begins at `start`, at its identifier. */
function readName(bytes: Buffer, start: number): string {
  const length = bytes.readUInt16BE(start + 1);
  return bytes.toString("utf8", start + 3, start + 3 + length);
}

function encodeContentType(contentType: string): Buffer {
  return Buffer.concat([Buffer.of(PropertyId.contentType), encodeText(contentType)]);
}
