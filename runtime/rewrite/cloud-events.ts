import { PropertyId } from "../contract/mqtt-properties.ts";
import {
  encodeText,
  encodeUserProperty,
  isHopProperty,
  propertyEnd,
  wholeProperties,
  type PropertiesView,
  type PublishView,
} from "../mqtt/publish.ts";
import { uuidTextBytes, writeUuid } from "./uuid.ts";

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

/** One bit for each attribute that is looked for. `datacontenttype` is not among them: MQTT carries it as its Content Type. */
const Attribute = { specversion: 1, type: 2, source: 4, id: 8, subject: 16, time: 32, dataschema: 64 } as const;
/** Attributes without which a message is no CloudEvent. @see CloudEvents 1.0.2, Required attributes */
const required = Attribute.specversion | Attribute.type | Attribute.source | Attribute.id;
const generated = required | Attribute.subject | Attribute.time;

/** The attributes by the length of their names, which tells most other user properties apart from them at once. */
const attributesOfLength: { readonly bit: number; readonly name: Buffer }[][] = [];
for (const [name, bit] of Object.entries(Attribute))
  (attributesOfLength[name.length] ??= []).push({ bit, name: Buffer.from(name) });

/**
 * What is added to a message, as far as it is the same in all that lack the same attributes. In this order: `head`, the
 * subject, the time, `tail`.
 */
interface Addition {
  readonly head: Buffer;
  /** Where the UUID stands in `head`; -1 when there is none. */
  readonly idAt: number;
  readonly hasSubject: boolean;
  readonly hasTime: boolean;
  readonly tail: Buffer;
}

const nothing = Buffer.alloc(0);

/** Properties up to this size are made in one memory for all messages; larger ones get their own. */
const sharedBytes = 8192;
const shared = Buffer.allocUnsafeSlow(sharedBytes);
const sharedView = { bytes: shared, propertiesStart: 0, propertiesEnd: 0 };

/** Makes the properties of one dataflow's CloudEvents. */
export class CloudEventMapper {
  readonly #plan: CloudEventsPlan;
  /** By the attributes that are missing: 64 at most. */
  readonly #additions: (Addition | undefined)[] = [];
  readonly #replacesContentType: boolean;
  readonly #replacesSchema: boolean;

  constructor(plan: CloudEventsPlan) {
    this.#plan = plan;
    this.#replacesContentType = plan.contentType !== undefined;
    this.#replacesSchema = plan.dataSchema !== undefined;
  }

  /**
   * Makes the properties of a forwarded message; `undefined` when they stay as they came. What it returns lasts until the next
   * message of any dataflow.
   *
   * With all required attributes present a message passes, and only what the transformation stage names is changed. With
   * one missing it passes untouched under Propagate; under CreateOrRemap each attribute that is missing is generated and
   * those that are present stay.
   * @param view its properties have to be scanned
   * @param outputTopic in UTF-8
   */
  map(view: PublishView, outputTopic: Buffer): PropertiesView | undefined {
    const { bytes, propertiesStart, propertiesEnd } = view;
    let present = 0;
    let keptBytes = 0;
    for (let position = propertiesStart; position < propertiesEnd;) {
      const identifier = bytes[position] ?? 0;
      const end = propertyEnd(bytes, position + 1, propertiesEnd, identifier);
      present |= attributeAt(bytes, position, identifier);
      if (!this.#isDropped(bytes, position, identifier)) keptBytes += end - position;
      position = end;
    }
    const isComplete = (present & required) === required;
    const changesNothing = !this.#replacesContentType && !this.#replacesSchema;
    if (isComplete ? changesNothing : this.#plan.mode === "Propagate") return undefined;
    const missing = isComplete ? 0 : generated & ~present;
    const addition = (this.#additions[missing] ??= planAddition(missing, this.#plan));
    return this.#write(view, keptBytes, addition, outputTopic);
  }

  #write(view: PublishView, keptBytes: number, addition: Addition, topic: Buffer): PropertiesView {
    const { head, idAt, hasSubject, hasTime, tail } = addition;
    const time = hasTime ? timeProperty() : nothing;
    const length = keptBytes + head.length + (hasSubject ? 2 + topic.length : 0) + time.length + tail.length;
    const target = length > sharedBytes ? Buffer.allocUnsafeSlow(length) : shared;
    this.#copyKept(view, target);
    let position = keptBytes;
    head.copy(target, position);
    if (idAt >= 0) writeUuid(target, position + idAt);
    position += head.length;
    if (hasSubject) {
      target[position] = topic.length >> 8;
      target[position + 1] = topic.length & 0xff;
      position += 2 + topic.copy(target, position + 2);
    }
    position += time.copy(target, position);
    tail.copy(target, position);
    if (target !== shared) return wholeProperties(target);
    sharedView.propertiesEnd = length;
    return sharedView;
  }

  /** Copies the properties that stay to the start of `target`; what lies together in one step. */
  #copyKept({ bytes, propertiesStart, propertiesEnd }: PublishView, target: Buffer): void {
    let written = 0;
    let from = propertiesStart;
    for (let position = propertiesStart; position < propertiesEnd;) {
      const identifier = bytes[position] ?? 0;
      const end = propertyEnd(bytes, position + 1, propertiesEnd, identifier);
      if (this.#isDropped(bytes, position, identifier)) {
        if (position > from) written += bytes.copy(target, written, from, position);
        from = end;
      }
      position = end;
    }
    if (propertiesEnd > from) bytes.copy(target, written, from, propertiesEnd);
  }

  #isDropped(bytes: Buffer, start: number, identifier: number): boolean {
    if (isHopProperty(identifier)) return true;
    if (identifier === PropertyId.contentType) return this.#replacesContentType;
    return this.#replacesSchema && attributeAt(bytes, start, identifier) === Attribute.dataschema;
  }
}

/** Which attribute the property that begins at `start` is; 0 when it is none. */
function attributeAt(bytes: Buffer, start: number, identifier: number): number {
  if (identifier !== PropertyId.userProperty) return 0;
  const length = ((bytes[start + 1] ?? 0) << 8) | (bytes[start + 2] ?? 0);
  const candidates = attributesOfLength[length];
  if (candidates === undefined) return 0;
  for (const { bit, name } of candidates) if (isAt(bytes, start + 3, name)) return bit;
  return 0;
}

function isAt(bytes: Buffer, at: number, name: Buffer): boolean {
  for (let index = 0; index < name.length; index++) if (bytes[at + index] !== name[index]) return false;
  return true;
}

function planAddition(missing: number, { source, contentType, dataSchema }: CloudEventsPlan): Addition {
  const has = (attribute: number) => (missing & attribute) !== 0;
  const id = encodeUserProperty("id", " ".repeat(uuidTextBytes));
  const head = Buffer.concat([
    ...(contentType === undefined ? [] : [Buffer.of(PropertyId.contentType), encodeText(contentType)]),
    ...(has(Attribute.specversion) ? [encodeUserProperty("specversion", "1.0")] : []),
    ...(has(Attribute.type) ? [encodeUserProperty("type", generatedType)] : []),
    ...(has(Attribute.source) ? [encodeUserProperty("source", source)] : []),
    ...(has(Attribute.id) ? [id] : []),
    ...(has(Attribute.subject) ? [Buffer.of(PropertyId.userProperty), encodeText("subject")] : []),
  ]);
  const behindId = has(Attribute.subject) ? 1 + 2 + "subject".length : 0;
  return {
    head,
    idAt: has(Attribute.id) ? head.length - behindId - uuidTextBytes : -1,
    hasSubject: has(Attribute.subject),
    hasTime: has(Attribute.time),
    tail: dataSchema === undefined ? nothing : encodeUserProperty("dataschema", dataSchema),
  };
}

let timeMs = Number.NaN;
let timeBytes: Buffer = nothing;

/** The user property with the time of now; made once in a millisecond, however many messages there are. */
function timeProperty(): Buffer {
  const now = Date.now();
  if (now !== timeMs) {
    timeMs = now;
    timeBytes = encodeUserProperty("time", new Date(now).toISOString());
  }
  return timeBytes;
}
