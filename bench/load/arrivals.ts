/** Counts the messages of one load as they arrive, by their number. */
export class Arrivals {
  readonly #seen: Uint8Array;
  #distinct = 0;
  #duplicates = 0;
  #outOfOrder = 0;
  #highest = -1;

  /** @param expected messages of the load; their numbers are 0 up to and without it */
  constructor(expected: number) {
    this.#seen = new Uint8Array(expected);
  }

  get expected(): number {
    return this.#seen.length;
  }

  /** Messages that have arrived, their copies not counted. */
  get distinct(): number {
    return this.#distinct;
  }

  /** Copies of messages that had arrived. */
  get duplicates(): number {
    return this.#duplicates;
  }

  /** First copies that came behind a message with a higher number. */
  get outOfOrder(): number {
    return this.#outOfOrder;
  }

  get missing(): number {
    return this.expected - this.#distinct;
  }

  /**
   * Takes note of a message.
   * @throws {RangeError} when the load has no such message
   */
  add(message: number): void {
    if (message >= this.#seen.length) throw new RangeError(`message ${message}: the load has only ${this.expected}`);
    if (this.#seen[message] === 1) {
      this.#duplicates++;
      return;
    }
    this.#seen[message] = 1;
    this.#distinct++;
    if (message < this.#highest) this.#outOfOrder++;
    else this.#highest = message;
  }
}
