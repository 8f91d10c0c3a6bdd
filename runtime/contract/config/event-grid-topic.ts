import { isReservedTopic } from "../topic/topic-space-template.ts";
import { eventGridLimits } from "./endpoint-rules.ts";

/** @see Event Grid, Topic spaces (2026-08-26) */
export const reservedTopicProblem = 'begins with "$", and Event Grid reserves those topics';

/** Says which of Event Grid's rules a topic name breaks; `undefined` when it breaks none. */
export function eventGridTopicProblem(topic: string): string | undefined {
  return isReservedTopic(topic) ? reservedTopicProblem : eventGridSizeProblem(topic);
}

/** Says which of Event Grid's limits a topic name or filter exceeds; `undefined` when it exceeds none. */
export function eventGridSizeProblem(topic: string): string | undefined {
  const { maxTopicBytes, maxTopicSegments } = eventGridLimits;
  const bytes = Buffer.byteLength(topic);
  if (bytes > maxTopicBytes) return `is ${bytes} bytes long, more than Event Grid's ${maxTopicBytes}`;
  const segments = topic.split("/").length;
  return segments > maxTopicSegments
    ? `has ${segments} segments, more than Event Grid's ${maxTopicSegments}`
    : undefined;
}
