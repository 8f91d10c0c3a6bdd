/** Taken items that may lie before the head until the array is compacted. */
const maxTakenItems = 1024;

/** A first-in, first-out list whose `shift` does not move what is left: queues here may be hundreds of thousands long. */
export class Fifo<T> {
  #items: (T | undefined)[] = [];
  #head = 0;

  get length(): number {
    return this.#items.length - this.#head;
  }

  peek(): T | undefined {
    return this.#items[this.#head];
  }

  push(item: T): void {
    this.#items.push(item);
  }

  shift(): T | undefined {
    const item = this.#items[this.#head];
    if (this.#head < this.#items.length) {
      this.#items[this.#head] = undefined;
      this.#head += 1;
    }
    if (this.#head === this.#items.length || this.#head > Math.max(maxTakenItems, this.#items.length / 2)) {
      this.#items = this.#items.slice(this.#head);
      this.#head = 0;
    }
    return item;
  }

  /** All items in order, without taking them. */
  toArray(): T[] {
    return this.#items.slice(this.#head).filter((item) => item !== undefined);
  }

  /** Replaces what is in the list. */
  replace(items: T[]): void {
    this.#items = items;
    this.#head = 0;
  }
}
