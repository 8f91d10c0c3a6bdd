import { PropertyId } from "../../../runtime/contract/mqtt-properties.ts";
import { encodeText, encodeUserProperty, forEachProperty, type PropertiesView } from "../../../runtime/mqtt/publish.ts";
import type { CloudEventsPlan } from "../../../runtime/rewrite/cloud-events.ts";

/** What a message gets that is random, or of its moment. */
export interface Generated {
  readonly id: string;
  readonly time: string;
}

const required = ["specversion", "type", "source", "id"];

/** The rules of CloudEvents written down as plainly as they can be: what `CloudEventMapper` has to make, byte for byte. */
export function plainCloudEvent(
  view: PropertiesView,
  plan: CloudEventsPlan,
  outputTopic: string,
  { id, time }: Generated,
): Buffer {
  const came = propertiesOf(view);
  const forwardable = came.filter(({ identifier }) => identifier !== PropertyId.subscriptionIdentifier);
  const lacks = (name: string) => !came.some((property) => property.name === name);
  const isEvent = !required.some(lacks);
  if (!isEvent && plan.mode === "Propagate") return joined(forwardable);
  const attributes = {
    specversion: "1.0",
    type: "ms.aio-dataflow.telemetry",
    source: plan.source,
    id,
    subject: outputTopic,
    time,
  };
  const kept = forwardable.filter(
    ({ identifier, name }) =>
      !(plan.contentType !== undefined && identifier === PropertyId.contentType) &&
      !(plan.dataSchema !== undefined && name === "dataschema"),
  );
  return Buffer.concat([
    joined(kept),
    ...(plan.contentType === undefined ? [] : [Buffer.of(PropertyId.contentType), encodeText(plan.contentType)]),
    ...Object.entries(isEvent ? {} : attributes)
      .filter(([name]) => lacks(name))
      .map(([name, value]) => encodeUserProperty(name, value)),
    ...(plan.dataSchema === undefined ? [] : [encodeUserProperty("dataschema", plan.dataSchema)]),
  ]);
}

/** One property of a message. */
export interface Property {
  readonly identifier: number;
  readonly bytes: Buffer;
  /** Of a user property. */
  readonly name?: string;
  /** Of a user property. */
  readonly value?: string;
}

/** Takes properties apart. */
export function propertiesOf(view: PropertiesView): Property[] {
  const properties: Property[] = [];
  forEachProperty(view, (identifier, start, end) => {
    const bytes = view.bytes.subarray(start, end);
    if (identifier !== PropertyId.userProperty) properties.push({ identifier, bytes });
    else {
      const valueAt = 5 + bytes.readUInt16BE(1);
      const [name, value] = [bytes.toString("utf8", 3, valueAt - 2), bytes.toString("utf8", valueAt)];
      properties.push({ identifier, bytes, name, value });
    }
  });
  return properties;
}

function joined(properties: readonly Property[]): Buffer {
  return Buffer.concat(properties.map(({ bytes }) => bytes));
}
