import type { WriteRequest } from "../protocol.ts";

/** Messages that are no longer needed, by queue. */
type Removals = Map<string, number[]>;

/** Changes that are not on the disk yet, in the order in which they came. */
export class PendingWrites {
  #requests: WriteRequest[] = [];

  get isEmpty(): boolean {
    return this.#requests.length === 0;
  }

  /** Bytes of the packets that wait. */
  get bytes(): number {
    return this.#requests.reduce((sum, { packets }) => sum + packets.length, 0);
  }

  push(request: WriteRequest): void {
    this.#requests.push(request);
  }

  /** The first changes with so many bytes at most; one request at least. */
  first(maxBytes: number): readonly WriteRequest[] {
    let bytes = 0;
    const end = this.#requests.findIndex((request, index) => (bytes += bytesOf(request)) > maxBytes && index > 0);
    return this.#requests.slice(0, end < 0 ? undefined : end);
  }

  /** Forgets so many requests: they are on the disk. */
  shift(count: number): void {
    this.#requests.splice(0, count);
  }

  /** Whether messages behind this one wait to be written to a queue, or to be removed from it. */
  changesBehind(queue: string, sequence: number): boolean {
    return this.#requests.some(
      ({ queue: name, rows, removed }) =>
        name === queue && ((rows.at(-1)?.sequence ?? 0) > sequence || removed.some((one) => one > sequence)),
    );
  }

  /** Whether a message waits to be written. */
  has(queue: string, sequence: number): boolean {
    return this.#requests.some(
      (request) => request.queue === queue && request.rows.some((row) => row.sequence === sequence),
    );
  }

  /**
   * Takes out what is to be removed: a message that is not written yet is forgotten, the others are returned, for they are
   * on the disk. Once they have been removed, {@link forgetRemovals}.
   */
  settleRemovals(): Removals {
    const wanted = new Map<string, Set<number>>();
    for (const { queue, removed } of this.#requests) {
      const sequences = wanted.get(queue) ?? new Set();
      for (const sequence of removed) sequences.add(sequence);
      wanted.set(queue, sequences);
    }
    const isWanted = (queue: string, sequence: number) => wanted.get(queue)?.has(sequence) === true;
    const cancelled = new Map<string, Set<number>>();
    this.#requests = this.#requests.map((request) => {
      const { queue } = request;
      const gone = request.rows.filter(({ sequence }) => isWanted(queue, sequence));
      if (gone.length === 0) return request;
      const sequences = cancelled.get(queue) ?? new Set();
      for (const { sequence } of gone) sequences.add(sequence);
      cancelled.set(queue, sequences);
      return withoutRows(request, sequences);
    });
    this.#requests = this.#requests.map((request) => {
      const sequences = cancelled.get(request.queue);
      if (sequences === undefined || request.removed.length === 0) return request;
      return { ...request, removed: request.removed.filter((sequence) => !sequences.has(sequence)) };
    });
    const removals: Removals = new Map();
    for (const { queue, removed } of this.#requests)
      if (removed.length > 0) removals.set(queue, [...(removals.get(queue) ?? []), ...removed]);
    return removals;
  }

  /** Everything that was to be removed is. */
  forgetRemovals(): void {
    this.#requests = this.#requests.map((request) => ({ ...request, removed: [] }));
  }

  /** Takes out the first requests that have nothing left to be written; returns the number of the last one. */
  takeDone(): number | undefined {
    const end = this.#requests.findIndex((request) => !isDone(request));
    const done = this.#requests.splice(0, end < 0 ? this.#requests.length : end);
    return done.at(-1)?.batch;
  }
}

function isDone({ rows, removed, deadLetters, filters, isLossSettled }: WriteRequest): boolean {
  return rows.length + removed.length + deadLetters.length === 0 && filters === undefined && isLossSettled !== true;
}

/** Bytes that a request adds to the database. */
export function bytesOf({ packets, rows, deadLetters }: WriteRequest): number {
  const messages = rows.reduce((sum, { inputTopic = "" }) => sum + inputTopic.length, packets.length);
  return deadLetters.reduce((sum, { payload, properties }) => sum + payload.length + properties.length, messages);
}

/** In a buffer of its own, so that those that are left out take no memory. */
function withoutRows(request: WriteRequest, sequences: ReadonlySet<number>): WriteRequest {
  const kept: Uint8Array[] = [];
  let start = 0;
  const rows = request.rows.filter(({ sequence, packetBytes }) => {
    const packet = request.packets.subarray(start, (start += packetBytes));
    if (sequences.has(sequence)) return false;
    kept.push(packet);
    return true;
  });
  return { ...request, rows, packets: Buffer.concat(kept) };
}
