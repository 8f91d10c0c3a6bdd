import type { DataflowInput } from "../runtime/contract/config/dataflow.ts";
import type { SpoolMode, UndeliverableMessages } from "./enumerations.ts";

/** The disk queue of a dataflow. */
export interface SpoolArgs {
  /**
   * Whether messages that the destination can't take yet are written to the disk, and acknowledged then.
   * @default "Enabled" where the source is Event Grid, which ends a session whose queue is full; else "Disabled"
   */
  mode?: SpoolMode;
  /**
   * Bytes that messages and dead letters take on the disk at most, 1048576 to 1099511627776. When it is full nothing more is
   * acknowledged; the oldest is never dropped. The volume has to have 1.25 times as much.
   * @default 1073741824
   */
  maxBytes?: number;
  /** Age in seconds from which a message on the disk counts as undeliverable, 1 to 31536000. Omitted: any age will do. */
  maxAgeSeconds?: number;
  /**
   * Messages a second from the disk to the destination at most, 0 to 1000000; 0 is as fast as it takes them.
   * @default 900 where the destination is Event Grid, else 0
   */
  drainMessagesPerSecond?: number;
  /**
   * Bytes a second from the disk to the destination at most, 0 to 10000000000; 0 is as fast as it takes them.
   * @default 900000 where the destination is Event Grid, else 0
   */
  drainBytesPerSecond?: number;
}

/** Where messages go that can never be delivered; both fields or none, which is the disk. */
export interface DeadLetterArgs {
  /** Name of the endpoint to publish them to: the dataflow's source or its destination. */
  endpoint?: string;
  /** Topic to publish them to. */
  topic?: string;
}

/** How the relay delivers the messages of one dataflow; AIO's engine has none of it. */
export interface DeliveryArgs {
  /**
   * The relay only: what happens to a message that can never be delivered.
   * @default "Stop"
   */
  undeliverableMessages?: UndeliverableMessages;
  /** The relay only: where such messages go, with `undeliverableMessages: "DeadLetter"`. Omitted: to the relay's disk. */
  deadLetter?: DeadLetterArgs;
  /** The relay only: the disk queue between source and destination. */
  spool?: SpoolArgs;
  /**
   * The relay only: bytes that are sent and not yet acknowledged at most, 65536 to 1073741824.
   * @default 16777216
   */
  maxInflightBytes?: number;
  /**
   * The relay only: time in seconds that a connected destination may leave the oldest message unacknowledged before it is
   * connected anew, 0 to 3600; 0 waits for ever.
   * @default 60
   */
  stallTimeoutSeconds?: number;
  /**
   * The relay only: time in seconds that the destination may refuse one message for the time being while it takes others,
   * 0 to 86400; after that it is discarded or becomes a dead letter where
   * `undeliverableMessages` says so; with `Stop` it is sent again until it is taken. No time counts while the destination
   * takes none at all. 0 waits for ever.
   * @default 60
   */
  refusalTimeoutSeconds?: number;
  /**
   * The relay only: relays that a message may have passed, 1 to 255; one that comes with more is undeliverable.
   * With `undeliverableMessages: "Discard"` it says that a circle of dataflows is meant, and a preview takes it.
   * @default 8 where the dataflows of the relay lead back to the source, else messages are not counted
   */
  maxHops?: number;
}

const deliveryFields = [
  "undeliverableMessages",
  "deadLetter",
  "spool",
  "maxInflightBytes",
  "stallTimeoutSeconds",
  "refusalTimeoutSeconds",
  "maxHops",
] as const satisfies readonly (keyof DeliveryArgs)[];

/** The fields that are given, which only the relay has. */
export function givenDeliveryFields(dataflow: DeliveryArgs): (keyof DeliveryArgs)[] {
  return deliveryFields.filter((field) => dataflow[field] !== undefined);
}

/** Writes them as the relay's configuration has them. */
export function buildDelivery(dataflow: DeliveryArgs): DataflowInput["relay"] {
  const { undeliverableMessages, deadLetter, spool, maxHops } = dataflow;
  const { maxInflightBytes, stallTimeoutSeconds, refusalTimeoutSeconds } = dataflow;
  return {
    undeliverableMessages,
    ...(deadLetter === undefined ? {} : { deadLetter: { endpointRef: deadLetter.endpoint, topic: deadLetter.topic } }),
    ...(spool === undefined ? {} : { spool }),
    maxInflightBytes,
    stallTimeoutSeconds,
    refusalTimeoutSeconds,
    maxHops,
  };
}
