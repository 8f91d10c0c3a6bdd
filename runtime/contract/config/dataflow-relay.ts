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
        "Name of the endpoint to which dead letters are published: the dataflow's source or destination. Omitted: they are written to the disk, below `relay.spoolPath`.",
      source: own,
      own: true,
    }),
  ),
  topic: v.optional(
    text({
      description: "Topic of the dead letters. Required with `endpointRef`.",
      source: own,
      own: true,
    }),
  ),
});

const spool = block({
  mode: v.optional(
    choice(["Enabled", "Disabled"], {
      description:
        "Whether messages that the destination does not accept yet are written to the disk and then acknowledged. Omitted: `Enabled` if the source is Event Grid, which ends a session whose queue is full, or if `requestDiskPersistence` is `Enabled`; otherwise `Disabled`.",
      source: own,
      own: true,
    }),
  ),
  maxBytes: v.optional(
    integer(
      { min: 1_048_576, max: 1_099_511_627_776 },
      {
        description:
          "Largest number of bytes of messages and dead letters on the disk, counted in pages of the file: a small message takes about 40 bytes more than its packet. When it is full, nothing more is acknowledged; the oldest message is never dropped.",
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
          "A message that has been on the disk for longer when it is to be sent is undeliverable. Omitted: no limit.",
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
          "Largest number of messages a second from the disk to the destination; 0 means no limit. Has to be higher than the rate of arrival, or the disk never becomes empty. Omitted: 900 if the destination is Event Grid, otherwise 0.",
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
          "Largest number of bytes a second from the disk to the destination; 0 means no limit. Omitted: 900000 if the destination is Event Grid, otherwise 0.",
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
        "What happens to a message that can never be delivered (its topic can't be made, or the destination refuses it for good): `Stop` stops the dataflow at this message and says why; `Discard` logs and counts the message and continues; `DeadLetter` keeps the message with the reason where `deadLetter` says, and continues.",
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
          "Largest number of unacknowledged bytes in memory. Shortly before it is reached, the relay pauses reading from the source. One message of any size may always be in flight.",
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
          "How long an open connection with unacknowledged messages may stand still: no acknowledgement arrives and no byte is sent. Then the relay opens a new connection. Each attempt in a row gets twice as long, up to eight times the value. 0 waits without end.",
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
          "How long the destination may refuse one message with a temporary reason (PUBACK 0x80, 0x83, 0x87, 0x97 and the like) while it accepts others. After that, `undeliverableMessages` decides: the message is discarded or becomes a dead letter. With `Stop` it is resent without end, because the reason may pass, and the relay is unready and says why. Time counts only while the destination accepts other messages, because a role assignment may take minutes to arrive. 0 waits without end.",
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
          "How many relays a message may have passed. Each relay counts in the user property `mqtt-dataflow-hops`; a message with a higher count is undeliverable. Omitted: 8 if the dataflows of this configuration lead back to the source, otherwise messages are neither counted nor refused.",
        unit: "hops",
        source: own,
        own: true,
      },
    ),
  ),
});
