import { connectionEvents } from "./log-events/connections.ts";
import { dataflowEvents } from "./log-events/dataflows.ts";

/** What is known of a log line by its name. */
export interface LogEvent {
  readonly level: "debug" | "info" | "warn" | "error";
  /** What has happened, in one sentence. */
  readonly meaning: string;
  /** What an operator can do; omitted: nothing has to be done. */
  readonly remedy?: string;
}

/**
 * Every line that the relay logs, by the name in its `event` field. A name is never given to another meaning: alerts and
 * searches of users rely on it.
 */
export const logEvents = { ...connectionEvents, ...dataflowEvents } as const satisfies Record<string, LogEvent>;

export type EventName = keyof typeof logEvents;

/** Names of the events that are logged at a level. */
export type EventAt<Level extends LogEvent["level"]> = {
  [Name in EventName]: (typeof logEvents)[Name]["level"] extends Level ? Name : never;
}[EventName];

const ofMessage: ReadonlySet<string> = new Set<EventName>([
  "dead-lettered",
  "message-expired",
  "message-isolated",
  "message-lost",
  "message-refused",
  "messages-not-logged",
]);

/** Whether an event is about one message, so that it is over with it. */
export function isOfMessage(event: string): boolean {
  return ofMessage.has(event);
}
