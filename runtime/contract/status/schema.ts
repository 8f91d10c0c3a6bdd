import * as v from "valibot";

/** Version of the document. A field may be added within a version; one that goes or changes its meaning makes another. */
export const statusVersion = 1;

/** Which of its messages a relay shows to whoever can open its status page. */
export const tapContents = ["Off", "Metadata", "Payload"] as const;
export type TapContent = (typeof tapContents)[number];

const count = (description: string) => v.pipe(v.number(), v.description(description));
const text = (description: string) => v.pipe(v.string(), v.description(description));
const flag = (description: string) => v.pipe(v.boolean(), v.description(description));
const instant = (description: string) => v.pipe(v.string(), v.description(`${description}, ISO 8601 in UTC`));
const choice = <const T extends readonly string[]>(values: T, description: string) =>
  v.pipe(v.picklist(values), v.description(description));
const texts = (description: string) => v.pipe(v.array(v.string()), v.description(description));

const state = (whole: string, stopped: string) =>
  choice(
    ["ok", "attention", "failed"],
    `\`ok\`: all is well. \`attention\`: ${whole} does not do all of its work, or something may soon keep it from it; it goes on by itself once the cause has gone. \`failed\`: ${stopped} has stopped for good, and somebody has to act`,
  );

const limitsSchema = v.object({
  receiveMaximum: count("QoS 1 messages that the broker takes before it has acknowledged one"),
  maximumQoS: count("Highest QoS that the broker takes"),
  maximumPacketBytes: v.pipe(v.nullable(v.number()), v.description("Longest packet in bytes; `null`: it names none")),
  retainAvailable: flag("Whether it keeps retained messages"),
  sharedSubscriptionAvailable: flag("Whether it has shared subscriptions"),
  sessionPresent: flag("Whether it had kept the session of the connection before"),
  sessionExpirySeconds: v.pipe(
    v.nullable(v.number()),
    v.description("How long it keeps the session; `null`: as long as it was asked to"),
  ),
});

const sideSchema = v.object({
  endpoint: text("Name of the endpoint"),
  clientId: text("MQTT client identifier of the connection"),
  state: choice(["connecting", "up", "down", "stopped"], "Where the connection is"),
  since: instant("When that began"),
  reason: v.pipe(v.optional(v.string()), v.description("Why it is down")),
  reasonCode: v.pipe(
    v.optional(v.number()),
    v.description("MQTT reason code with which the broker ended or refused it"),
  ),
  disconnects: count("Connections that have ended since the start"),
  limits: v.pipe(
    v.nullable(limitsSchema),
    v.description("What the broker announced last in CONNACK; `null` before the first one"),
  ),
});

const lastErrorSchema = v.object({
  event: text("Name of the event, as in `/api/events`"),
  text: text("What is wrong"),
  remedy: v.pipe(v.optional(v.string()), v.description("What to do about it")),
  since: instant("When it came first without an end in between"),
  last: instant("When it came last"),
  times: count("How often it came in that time"),
  isOver: flag("Whether it has ended since"),
});

const dataflowSchema = v.object({
  name: text("Name of the dataflow"),
  state: state("the dataflow", "it"),
  reasons: texts("Why it is not `ok`, as `/readyz` says it, and what may become a reason"),
  source: v.pipe(sideSchema, v.description("The connection to the source")),
  destination: v.pipe(sideSchema, v.description("The connection to the destination")),
  filters: texts("Topic filters that it subscribes to"),
  destinationTopic: text("Topic of the messages at the destination, as the configuration has it"),
  received: count("Messages that arrived since the start, redeliveries included"),
  delivered: count("Messages that the destination acknowledged, or with QoS 0 that were sent, since the start"),
  deadLettered: count("Messages that are kept as dead letters, since the start"),
  rejected: count("Messages that the destination refused for the time being, since the start"),
  lost: count("Messages that were given up, for whatever reason, since the start"),
  lostByReason: v.pipe(v.record(v.string(), v.number()), v.description("The same by reason, without those that are 0")),
  receivedPerSecond: count("Messages that arrive a second, over the last 5 to 10 s"),
  deliveredPerSecond: count("Messages that are delivered a second, over the last 5 to 10 s"),
  waiting: count("Messages in memory that wait to be sent"),
  inFlight: count("Messages sent to the destination and not acknowledged"),
  window: count("Messages in flight at most"),
  heldBytes: count("Memory that messages take, in bytes"),
  onDisk: v.object({
    messages: count("Messages on the disk"),
    bytes: count("Bytes of their packets"),
    takenBytes: count("Bytes that they and dead letters take of `maxBytes`"),
    maxBytes: v.pipe(
      v.nullable(v.number()),
      v.description("`spool.maxBytes`; `null`: the dataflow does not use the disk"),
    ),
  }),
  oldestSeconds: count("Age of the oldest message that neither the destination nor the disk has; 0 without one"),
  latencySeconds: v.pipe(
    v.nullable(
      v.object({
        p50: count("Half of the messages took less, from their arrival to the destination's acknowledgement"),
        p99: count("99 of 100 messages took less"),
      }),
    ),
    v.description(
      "Of the last minute, as exact as the buckets of `relay_delivery_seconds`; `null` where none was delivered",
    ),
  ),
  lastError: v.pipe(v.nullable(lastErrorSchema), v.description("What went wrong last; `null` when nothing has")),
});

const endpointSchema = v.object({
  name: text("Name of the endpoint"),
  host: text("Host name and port of the broker"),
  hostType: text("`LocalBroker`, `EventGrid` or `CustomMqtt`"),
  protocol: text("`Mqtt` or `WebSockets`"),
  tls: flag("Whether connections are encrypted"),
  method: text("Authentication method, as the configuration has it"),
  identity: text("Who the relay is there: never a secret"),
  proxy: v.pipe(v.nullable(v.string()), v.description("HTTP proxy that leads there, without its user; `null`: none")),
  credentials: v.array(
    v.object({
      kind: choice(["token", "client_certificate", "ca_certificate"], "What ends"),
      name: text("Common Name of a certificate, or `token`"),
      endsAt: instant("When it ends"),
    }),
  ),
});

/** What `GET /api/status` answers, and what `event: status` of `GET /api/events` holds. */
export const statusSchema = v.object({
  version: v.pipe(v.literal(statusVersion), v.description("Version of this document")),
  time: instant("When it was made"),
  relay: v.object({
    site: v.pipe(v.nullable(v.string()), v.description("Name of the site; `null`: none is given")),
    instance: count("Number of this instance, from 0"),
    startedAt: instant("When the process started"),
    residentBytes: count("Memory of the process"),
    limitBytes: v.pipe(v.nullable(v.number()), v.description("Memory that it may use; `null`: not known")),
  }),
  state: state("the relay", "a dataflow"),
  reasons: texts("Why it is not `ok`: those of all dataflows and of credentials"),
  endpoints: v.pipe(v.array(endpointSchema), v.description("Brokers, in the order of the configuration")),
  dataflows: v.pipe(v.array(dataflowSchema), v.description("Dataflows that run, in the order of the configuration")),
  tap: choice(tapContents, "What `GET /api/tap` shows, as `relay.statusPage.tap` allows"),
});

/** One event of a relay: what `event: event` of `GET /api/events` holds. */
export const eventSchema = v.object({
  id: count("Number of the event in this process, from 1"),
  time: instant("When it happened"),
  name: text("What it is, a stable name such as `connected`"),
  level: choice(["info", "warn", "error"], "How severe it is"),
  text: text("What happened"),
  reason: v.pipe(v.optional(v.string()), v.description("Why")),
  remedy: v.pipe(v.optional(v.string()), v.description("What to do about it")),
  dataflow: v.pipe(v.optional(v.string()), v.description("The dataflow that it is about")),
  endpoint: v.pipe(v.optional(v.string()), v.description("The endpoint that it is about")),
  side: v.pipe(v.optional(v.string()), v.description("`source` or `destination`")),
  topic: v.pipe(v.optional(v.string()), v.description("Topic of the message that it is about")),
});

const messageSchema = v.object({
  topic: text("Topic"),
  qos: count("QoS"),
  retain: flag("Retain flag"),
  bytes: count("Length of the packet in bytes"),
  properties: v.pipe(
    v.array(v.tuple([v.string(), v.string()])),
    v.description(
      "Properties by name, in their order; those beyond 4 KiB are left out. Correlation data is given as its length",
    ),
  ),
});

/** One sampled message: what `event: message` of `GET /api/tap` holds. */
export const sampleSchema = v.object({
  time: instant("When it arrived"),
  dataflow: text("The dataflow that it is of"),
  source: v.pipe(messageSchema, v.description("As it came")),
  destination: v.pipe(v.nullable(messageSchema), v.description("As it is sent; `null`: it can't be delivered")),
  problem: v.pipe(v.optional(v.string()), v.description("Why it can't be delivered")),
  payloadBytes: count("Length of the payload in bytes"),
  payload: v.pipe(
    v.optional(
      v.object({
        encoding: choice(["utf8", "base64"], "How `content` is written"),
        content: text("The first 4 KiB of the payload"),
        isWhole: flag("Whether that is all of it"),
      }),
    ),
    v.description("Only where it was asked for and `relay.statusPage.tap` is `Payload`"),
  ),
});

/** The last ten minutes of one dataflow or of all: what `GET /api/history` answers. */
export const historySchema = v.object({
  version: v.pipe(v.literal(statusVersion), v.description("Version of this document")),
  dataflow: v.pipe(v.nullable(v.string()), v.description("Its name; `null`: all dataflows together")),
  end: instant("When the last step ended"),
  stepSeconds: count("Length of a step"),
  receivedPerSecond: v.pipe(
    v.array(v.number()),
    v.description("Messages that arrived a second: a value for each step, the oldest first; so are the others"),
  ),
  deliveredPerSecond: v.pipe(v.array(v.number()), v.description("Messages that were delivered a second")),
  waiting: v.pipe(v.array(v.number()), v.description("Messages in memory that wait or are in flight")),
  onDisk: v.pipe(v.array(v.number()), v.description("Messages on the disk")),
  p50Seconds: v.pipe(
    v.array(v.nullable(v.number())),
    v.description("Half of the messages took less; `null` where none was delivered"),
  ),
  p99Seconds: v.pipe(v.array(v.nullable(v.number())), v.description("99 of 100 messages took less")),
});

export type StatusDocument = v.InferOutput<typeof statusSchema>;
export type DataflowReport = StatusDocument["dataflows"][number];
export type EndpointReport = StatusDocument["endpoints"][number];
export type SideReport = DataflowReport["source"];
export type LimitsReport = v.InferOutput<typeof limitsSchema>;
export type LastError = v.InferOutput<typeof lastErrorSchema>;
export type RelayEvent = v.InferOutput<typeof eventSchema>;
export type MessageSample = v.InferOutput<typeof sampleSchema>;
export type SampledMessage = MessageSample["source"];
export type HistoryDocument = v.InferOutput<typeof historySchema>;
export type HealthState = StatusDocument["state"];
