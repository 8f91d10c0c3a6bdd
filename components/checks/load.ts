import { maxInstances } from "../../runtime/contract/client-id.ts";
import type { Problem } from "../../runtime/contract/errors.ts";
import { capacityBounds, perSession, perThroughputUnit } from "../event-grid/quotas.ts";
import { byRule } from "./rules.ts";

/** The load that the user expects of one dataflow at the namespace. */
export interface ExpectedLoad {
  /** The dataflow in the declaration. */
  readonly path: string;
  /** Which of its ends is at the namespace. */
  readonly end: "source" | "destination";
  readonly messagesPerSecond: number;
  /** Bytes of a message's payload, on average. Omitted: not judged. */
  readonly bytesPerMessage: number | undefined;
  /** How many sessions share it: the instances. */
  readonly sessions: number;
}

/** Refuses a load above what one session, or the namespace's throughput units, can take. */
export function checkLoad(path: string, capacity: number, loads: readonly ExpectedLoad[]): Problem[] {
  return byRule("load", [
    ...loads.flatMap(checkSessionLoad),
    ...checkNamespaceLoad(path, capacity, loads, "destination"),
    ...checkNamespaceLoad(path, capacity, loads, "source"),
  ]);
}

function checkSessionLoad({ path, end, messagesPerSecond, bytesPerMessage, sessions }: ExpectedLoad): Problem[] {
  const limit = perSession[end];
  const verb = end === "source" ? "delivers" : "takes in";
  const remedy =
    end === "source"
      ? `split it by topic into several dataflows, or share it among more instances (instanceCount, up to ${maxInstances}, and allowSharedSubscriptions)`
      : "split it by topic into several dataflows";
  const each = messagesPerSecond / sessions;
  const problems: Problem[] = [];
  if (each > limit.messages) {
    const problem = `is ${shown(each)} messages/s a session, and Event Grid ${verb} ${limit.messages} messages/s a session`;
    problems.push({ path: `${path}.expectedMessagesPerSecond`, problem, remedy });
  }
  if (bytesPerMessage !== undefined && each * bytesPerMessage > limit.bytes) {
    const problem = `makes ${shown(each * bytesPerMessage)} bytes/s a session, and Event Grid ${verb} ${limit.bytes} bytes/s a session`;
    problems.push({ path: `${path}.expectedMessageBytes`, problem, remedy });
  }
  return problems;
}

function checkNamespaceLoad(
  path: string,
  capacity: number,
  loads: readonly ExpectedLoad[],
  end: ExpectedLoad["end"],
): Problem[] {
  const ours = loads.filter((load) => load.end === end);
  const messages = sum(ours.map(({ messagesPerSecond }) => messagesPerSecond));
  const bytes = sum(ours.map(({ messagesPerSecond, bytesPerMessage = 0 }) => messagesPerSecond * bytesPerMessage));
  const { messages: unitMessages, bytes: unitBytes } = perThroughputUnit;
  const needed = Math.ceil(Math.max(messages / unitMessages, bytes / unitBytes));
  if (needed <= capacity) return [];
  const way = end === "source" ? "out of" : "into";
  const problem = `is ${capacity} throughput units, and the dataflows expect ${shown(messages)} messages/s and ${shown(bytes)} bytes/s ${way} the namespace`;
  const isEnough = needed <= capacityBounds.max;
  const remedy = isEnough
    ? `set it to ${needed} or more`
    : `spread the dataflows over several namespaces: one has ${capacityBounds.max} units at most`;
  return [{ path, problem, remedy }];
}

/** A rate for people: a whole number, rounded up so that what is above a limit reads so. */
function shown(rate: number): number {
  return Math.ceil(rate);
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
