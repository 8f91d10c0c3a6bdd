import type { Entry } from "../queue/entry.ts";

/**
 * Finds what may leave memory, to be read again: all from the first large message on, where those are the rows up to the last one
 * that is in memory, without a gap. One that is missing may be elsewhere in memory, and would be there twice.
 *
 * @param entries what waits to be sent, in its order
 * @param last sequence of the last row that is in memory
 * @param others rows that are in memory out of turn
 */
export function findReadAgain(entries: readonly Entry[], last: number, others: ReadonlySet<number>): readonly Entry[] {
  const start = entries.findIndex(({ room, sequence }) => room !== undefined && sequence > 0);
  const found = start < 0 ? [] : entries.slice(start);
  const first = last - found.length + 1;
  const isRead = ({ sequence, custody }: Entry, index: number) =>
    sequence === first + index && custody === "safe" && !others.has(sequence);
  return found.every(isRead) ? found : [];
}

/**
 * Packet identifiers of messages that left memory after they had been sent: a session that is kept gets them again under the same
 * ones, [MQTT-4.4.0-1].
 */
export class SentIdentifiers {
  readonly #bySequence = new Map<number, number>();

  /** The message leaves memory. */
  keep(entry: Entry): void {
    if (entry.destinationId !== 0) this.#bySequence.set(entry.sequence, entry.destinationId);
    entry.destinationId = 0;
  }

  /** It is back. */
  restore(entry: Entry): void {
    entry.destinationId = this.#bySequence.get(entry.sequence) ?? 0;
    entry.wasSent = this.#bySequence.delete(entry.sequence);
  }

  /** The destination has lost its session. */
  clear(): void {
    this.#bySequence.clear();
  }
}
