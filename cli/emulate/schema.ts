import * as v from "valibot";

import type { ReasonCode } from "../../emulator/packet/reason-code.ts";
import { block, choice, flag, integer, refuseLists, show, text } from "../../runtime/contract/config/field.ts";

const source = "This program";
const notes = (description: string) => ({ description, source });
const notEmpty = { pattern: /\S/, hint: "give a text" };
const wanted = (description: string) => text(notes(description), notEmpty);
const count = (min: number, max: number, description: string) => integer({ min, max }, notes(description));
const many = 1_000_000_000;

/** Names of clients and topic spaces: they become names of files, subjects of certificates and words of a shell. */
const plainName = /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/;
const plainNameRule = '1 to 63 letters, digits, ".", "_" and "-", first a letter or a digit';

/** Brokers that can be emulated. */
export const profileNames = ["event-grid", "aio", "plain"] as const;
/** How a client proves who it is. */
export const authenticationNames = ["certificate", "token", "password"] as const;

type ReasonName = keyof typeof ReasonCode;

/** Failures that CONNACK may have: clients take another one for a malformed packet. @see MQTT 5.0 §3.2.2.2 */
const connackFailures = [
  "unspecifiedError",
  "implementationSpecificError",
  "clientIdentifierNotValid",
  "badUserNameOrPassword",
  "notAuthorized",
  "serverUnavailable",
  "serverBusy",
  "badAuthenticationMethod",
  "quotaExceeded",
] as const satisfies readonly ReasonName[];

/** Failures that PUBACK may have. @see MQTT 5.0 §3.4.2.1 */
const pubackFailures = [
  "unspecifiedError",
  "implementationSpecificError",
  "notAuthorized",
  "topicNameInvalid",
  "packetIdentifierInUse",
  "quotaExceeded",
  "payloadFormatInvalid",
] as const satisfies readonly ReasonName[];

/** Failures that a server's DISCONNECT may have. @see MQTT 5.0 §3.14.2.1 */
const disconnectFailures = [
  "unspecifiedError",
  "implementationSpecificError",
  "notAuthorized",
  "serverBusy",
  "serverShuttingDown",
  "keepAliveTimeout",
  "sessionTakenOver",
  "receiveMaximumExceeded",
  "packetTooLarge",
  "messageRateTooHigh",
  "quotaExceeded",
  "administrativeAction",
] as const satisfies readonly ReasonName[];

function namedByUser<const S extends v.GenericSchema>(schema: S, noun: string) {
  const key = v.pipe(
    v.string(),
    v.regex(plainName, (issue) => `is no name for ${noun} (${show(issue.input)}); give ${plainNameRule}`),
  );
  return refuseLists(v.record(key, schema, "is no object; give an object whose keys are names"));
}

const client = block({
  authentication: choice(authenticationNames, notes("How the client proves who it is.")),
  attributes: v.optional(
    refuseLists(v.record(v.string(), v.union([v.string(), v.number()], "is no text and no number; give one"))),
  ),
  tokenLifetimeSeconds: v.optional(count(1, 31_536_000, "Lifetime of the client's token."), 86_400),
});

const topicSpace = block({
  topicTemplates: v.pipe(
    v.array(wanted("A topic template."), (issue) => `is ${show(issue.input)}; give a list of topic templates`),
    v.minLength(1, "is empty; give a topic template"),
    v.maxLength(10, (issue) => `has ${issue.input.length} topic templates; give 10 at most, as Event Grid takes`),
  ),
});

const permissionBinding = block({
  client: wanted("Name of a client of this file."),
  topicSpace: wanted("Name of a topic space of this file."),
  permission: choice(["Publisher", "Subscriber"], notes("What the client may do.")),
});

const limits = block({
  maxSessionsPerAuthenticationName: v.optional(count(1, 100, "Sessions of one authentication name.")),
  receiveMaximum: v.optional(count(1, 65_535, "Unacknowledged PUBLISHes of one client.")),
  maxPacketBytes: v.optional(count(20, 268_435_460, "Largest packet that a client may send.")),
  maxQos: v.optional(count(0, 1, "Highest QoS.")),
  retainAvailable: v.optional(flag(notes("Whether messages may be retained."))),
  sharedSubscriptionAvailable: v.optional(flag(notes("Whether subscriptions may be shared."))),
  topicAliasMaximum: v.optional(count(0, 65_535, "Topic aliases of one client.")),
  maxKeepAliveSeconds: v.optional(count(1, 65_535, "Longest keep alive.")),
  maxSessionExpirySeconds: v.optional(count(0, 0xffff_ffff, "Longest session expiry interval.")),
  maxQueuedMessages: v.optional(count(1, many, "Messages that wait in a session before it ends.")),
  maxDeliveriesPerSecond: v.optional(count(1, many, "Messages a second to one session.")),
  maxSubscriptionsPerSession: v.optional(count(1, many, "Subscriptions of one session.")),
  maxFiltersPerSubscribe: v.optional(count(1, many, "Topic filters of one SUBSCRIBE.")),
});

const clientId = v.optional(wanted("Client identifier that the fault is for; every client when not given."));
const times = v.optional(count(1, many, "How many times; until the file changes when not given."));
const reasonCode = <const N extends readonly ReasonName[]>(names: N, usual: N[number]) =>
  v.optional(choice(names, notes("Name of the reason code.")), usual);
const dropped = block({ times, clientId });

const faults = block({
  refuseConnections: v.optional(block({ times, reasonCode: reasonCode(connackFailures, "serverBusy"), clientId })),
  refusePublishes: v.optional(
    block({
      everyNth: v.optional(count(1, many, "1 refuses every PUBLISH, 10 each tenth."), 1),
      reasonCode: reasonCode(pubackFailures, "quotaExceeded"),
      clientId,
    }),
  ),
  disconnectAfter: v.optional(
    block({
      messages: count(1, many, "PUBLISHes of one connection before it is ended."),
      reasonCode: reasonCode(disconnectFailures, "administrativeAction"),
      clientId,
    }),
  ),
  latencyMs: v.optional(count(0, 60_000, "How much later each byte arrives, in each direction, in milliseconds."), 0),
  dropConnacks: v.optional(dropped),
  dropPubacks: v.optional(dropped),
  dropSubacks: v.optional(dropped),
});

const version = 1;

/** A file that `emulate` reads. */
export const emulationSchema = block({
  version: v.literal(
    version,
    (issue) => `is ${show(issue.input)}; give ${version}, the version that this release reads`,
  ),
  profile: v.optional(choice(profileNames, notes("The broker that is emulated.")), "event-grid"),
  hostNames: v.optional(
    v.pipe(
      v.array(wanted("Host name that clients connect to."), "is no list; give host names"),
      v.minLength(1, "is empty; give a host name, or leave it out"),
    ),
    ["localhost"],
  ),
  port: v.optional(count(0, 65_535, "Port; 0 takes a free one.")),
  tls: v.optional(flag(notes("Whether clients connect with TLS."))),
  anonymousAllowed: v.optional(flag(notes("Whether clients without any proof are taken; profile plain only.")), false),
  clients: v.pipe(
    namedByUser(client, "a client"),
    v.check((given) => Object.keys(given).length <= 1000, "has more than 1000 clients; give 1000 at most"),
  ),
  topicSpaces: v.optional(namedByUser(topicSpace, "a topic space"), {}),
  permissionBindings: v.optional(v.array(permissionBinding, "is no list; give permission bindings"), []),
  limits: v.optional(limits, {}),
  faults: v.optional(faults, {}),
});

/** What such a file says. */
export type EmulationFile = v.InferOutput<typeof emulationSchema>;
export type FileClient = v.InferOutput<typeof client>;
export type FaultSettings = EmulationFile["faults"];
