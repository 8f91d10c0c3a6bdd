import * as v from "valibot";

import { block, choice, integer, text } from "./field.ts";

const own = "Beyond the specification";
const eventGridRates = "Event Grid, MQTT quotas (2025-07-30): 1,000 messages and 1 MB a second for each session";

/** What a dataflow does with a message that can never be delivered. */
export const undeliverablePolicies = ["Stop", "Discard", "DeadLetter"] as const;
export type UndeliverablePolicy = (typeof undeliverablePolicies)[number];

const deadLetter = block({
  endpointRef: v.optional(
    text({
      description:
        "Name of the endpoint that dead letters are published to: the dataflow's source or its destination. Omitted: they are written to the disk, below `relay.spoolPath`.",
      source: own,
      own: true,
    }),
  ),
  topic: v.optional(
    text({
      description: "Topic of the dead letters. Needed with `endpointRef`.",
      source: own,
      own: true,
    }),
  ),
});

const spool = block({
  mode: v.optional(
    choice(["Enabled", "Disabled"], {
      description:
        "Whether messages that the destination can't take yet are written to the disk and acknowledged then. Omitted: `Enabled` where the source is Event Grid, which ends a session whose queue is full, or where `requestDiskPersistence` is; else `Disabled`.",
      source: own,
      own: true,
    }),
  ),
  maxBytes: v.optional(
    integer(
      { min: 1_048_576, max: 1_099_511_627_776 },
      {
        description:
          "Bytes that messages and dead letters take on the disk at most, by the pages of the file: small messages take about 40 bytes more than their packets. When it is full nothing more is acknowledged; the oldest is never dropped.",
        unit: "bytes",
        source: own,
        own: true,
      },
    ),
    1_073_741_824,
  ),
  maxAgeSeconds: v.optional(
    integer(
      { min: 1, max: 31_536_000 },
      {
        description:
          "A message that has been on the disk for longer when its turn comes counts as undeliverable. Omitted: it may be of any age.",
        unit: "s",
        source: own,
        own: true,
      },
    ),
  ),
  drainMessagesPerSecond: v.optional(
    integer(
      { min: 0, max: 1_000_000 },
      {
        description:
          "Messages a second from the disk to the destination at most; 0 is as fast as it takes them. Has to be more than what arrives, or the disk is never empty again. Omitted: 900 where the destination is Event Grid, else 0.",
        unit: "messages/s",
        source: eventGridRates,
        own: true,
      },
    ),
  ),
  drainBytesPerSecond: v.optional(
    integer(
      { min: 0, max: 10_000_000_000 },
      {
        description:
          "Bytes a second from the disk to the destination at most; 0 is as fast as it takes them. Omitted: 900000 where the destination is Event Grid, else 0.",
        unit: "bytes/s",
        source: eventGridRates,
        own: true,
      },
    ),
  ),
});

/** A dataflow's fields that AIO's resource doesn't have. */
export const dataflowRelaySchema = block({
  undeliverableMessages: v.optional(
    choice(undeliverablePolicies, {
      description:
        "What happens to a message that can never be delivered (its topic can't be made, or the destination refuses it for good): `Stop` stops the dataflow before it and says why; `Discard` logs and counts it and goes on; `DeadLetter` keeps it with its reason where `deadLetter` says, and goes on.",
      source: own,
      own: true,
    }),
    "Stop",
  ),
  deadLetter: v.optional(deadLetter),
  spool: v.optional(spool, {}),
  maxInflightBytes: v.optional(
    integer(
      { min: 65_536, max: 1_073_741_824 },
      {
        description:
          "Bytes that are in memory and that the destination has not acknowledged, at most: shortly before, the source is read no further. One message of any size may always be in flight.",
        unit: "bytes",
        source: own,
        own: true,
      },
    ),
    16_777_216,
  ),
  stallTimeoutSeconds: v.optional(
    integer(
      { min: 0, max: 3600 },
      {
        description:
          "How long nothing may move on a connection that is open while messages are owed there: no acknowledgement comes, and no byte is sent. It is made anew then, and the same work gets twice as long at each try in a row, up to eight times. 0 waits for ever.",
        unit: "s",
        source: own,
        own: true,
      },
    ),
    60,
  ),
  refusalTimeoutSeconds: v.optional(
    integer(
      { min: 0, max: 86_400 },
      {
        description:
          "How long the destination may refuse one message for the time being (PUBACK 0x80, 0x83, 0x87, 0x97 and the like) while it takes others; after that it is discarded or becomes a dead letter where `undeliverableMessages` says so. With `Stop` it goes on being sent again, since a refusal for the time being may pass, and the relay is unready and says why. While the destination takes no message at all, no time counts: a role assignment may be on its way. 0 waits for ever.",
        unit: "s",
        source: own,
        own: true,
      },
    ),
    60,
  ),
  maxHops: v.optional(
    integer(
      { min: 1, max: 255 },
      {
        description:
          "Relays that a message may have passed: each counts it in the user property `mqtt-dataflow-hops`, and one that comes with more is undeliverable. Omitted: 8 where the dataflows of this configuration lead back to the source, else messages are neither counted nor refused.",
        unit: "hops",
        source: own,
        own: true,
      },
    ),
  ),
});
