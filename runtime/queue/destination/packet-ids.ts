/**
 * Packet identifiers that are free at a destination. A counter that wraps would meet one that is still in flight after
 * a long stall, so the free ones are kept: the one that has been free for longest is taken next.
 */
export class PacketIds {
  readonly #free: Uint16Array;
  #head = 0;
  #count = 0;

  /** @param last largest identifier; the smallest is 1 */
  constructor(last: number) {
    this.#free = new Uint16Array(last);
    this.reset();
  }

  /** Makes all identifiers free. */
  reset(): void {
    for (let index = 0; index < this.#free.length; index++) this.#free[index] = index + 1;
    this.#head = 0;
    this.#count = this.#free.length;
  }

  /** Takes a free identifier; 0 when there is none. */
  take(): number {
    if (this.#count === 0) return 0;
    const id = this.#free[this.#head] ?? 0;
    this.#head = (this.#head + 1) % this.#free.length;
    this.#count--;
    return id;
  }

  /** Gives back an identifier that was taken. */
  release(id: number): void {
    this.#free[(this.#head + this.#count) % this.#free.length] = id;
    this.#count++;
  }
}
