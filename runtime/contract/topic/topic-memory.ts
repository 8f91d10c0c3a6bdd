/** Bytes of a memory in all. */
const maxBytes = 1_048_576;
/** A longer topic is not remembered, in UTF-8 bytes. Event Grid's are 256 at most, and long ones are rarely asked for again. */
const maxTopicBytes = 1024;
/** What an entry takes beside its texts: its place in the map, its objects, and the memory of its own that a buffer has. */
const entryBytes = 300;

/**
 * Remembers what was found out about topics: a plant has far fewer topics than messages. Takes 1 MiB at most, whatever
 * topics there are, since whoever publishes chooses them; when it is full it forgets all and begins anew.
 */
export class TopicMemory<T> {
  readonly #known = new Map<string, T>();
  readonly #bytesOf: (value: T) => number;
  #bytes = 0;

  /** @param bytesOf how many bytes a value takes, its fixed part not counted */
  constructor(bytesOf: (value: T) => number) {
    this.#bytesOf = bytesOf;
  }

  /** Bytes that it takes, at most. */
  get bytes(): number {
    return this.#bytes;
  }

  get size(): number {
    return this.#known.size;
  }

  get(topic: string): T | undefined {
    return this.#known.get(topic);
  }

  remember(topic: string, value: T): void {
    // No text takes more memory than it has bytes in UTF-8.
    const topicBytes = Buffer.byteLength(topic);
    if (topicBytes > maxTopicBytes) return;
    const bytes = entryBytes + topicBytes + this.#bytesOf(value);
    if (this.#bytes + bytes > maxBytes) {
      this.#known.clear();
      this.#bytes = 0;
    }
    this.#bytes += bytes;
    this.#known.set(topic, value);
  }
}
