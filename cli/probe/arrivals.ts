import { createHash } from "node:crypto";

import { PropertyId } from "../../runtime/contract/mqtt-properties.ts";
import { forEachProperty, type PublishView } from "../../runtime/mqtt/publish.ts";

/** User property that marks what this command publishes. */
export const markProperty = "mqtt-dataflow-test";

/** A message as it was seen; nothing of its payload is kept but a digest. */
export interface Arrival {
  readonly topic: string;
  readonly retain: boolean;
  /** Value of {@link markProperty}. */
  readonly mark: string | undefined;
  /** SHA-256 of the payload. */
  readonly digest: string;
  /** Of the process's own clock, in milliseconds. */
  readonly atMs: number;
}

/** Reads what is kept of a message. The view may move on. */
export function arrivalOf(view: PublishView): Arrival {
  const { topic, retain, bytes, propertiesEnd, end } = view;
  const digest = createHash("sha256").update(bytes.subarray(propertiesEnd, end)).digest("base64");
  return { topic, retain, mark: markOf(view), digest, atMs: performance.now() };
}

function markOf(view: PublishView): string | undefined {
  let mark: string | undefined;
  forEachProperty(view, (identifier, start, end) => {
    if (identifier !== PropertyId.userProperty) return;
    const middle = start + 3 + view.bytes.readUInt16BE(start + 1);
    if (view.bytes.toString("utf8", start + 3, middle) === markProperty)
      mark = view.bytes.toString("utf8", middle + 2, end);
  });
  return mark;
}

/** Messages that are remembered at most: a busy broker has many more. */
const maxRemembered = 10_000;

/** What has arrived at one place, for those who wait for it. */
export class Arrivals {
  readonly #all: Arrival[] = [];
  readonly #waiting = new Set<() => void>();

  add(arrival: Arrival): void {
    if (this.#all.length < maxRemembered) this.#all.push(arrival);
    this.look();
  }

  /** Has those who wait look again: what they look for has changed. */
  look(): void {
    for (const look of [...this.#waiting]) look();
  }

  /** Waits until `find` gives something of what has arrived; `undefined` when it has not in time. */
  async until<T>(find: (arrivals: readonly Arrival[]) => T | undefined, timeoutMs: number): Promise<T | undefined> {
    return new Promise((resolve) => {
      const settle = (found: T | undefined) => {
        clearTimeout(timer);
        this.#waiting.delete(look);
        resolve(found);
      };
      const look = () => {
        const found = find(this.#all);
        if (found !== undefined) settle(found);
      };
      const timer = setTimeout(() => {
        settle(undefined);
      }, timeoutMs);
      this.#waiting.add(look);
      look();
    });
  }
}
