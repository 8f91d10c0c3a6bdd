/** An open connection, as far as the bound looks at it. */
export interface BoundedConnection {
  /** Address of the client. */
  readonly address: string;
  /** Whether its request has come; else it may never come. */
  readonly hasAsked: boolean;
}

/** Connections of one address. */
interface Tally<C> {
  count: number;
  readonly oldest: C | undefined;
}

/** So many connections of an address may have not asked yet without one of them being dropped for it: requests on their way. */
const freeUnasked = 8;

/**
 * Keeps the number of open connections within a bound, and lets each new one in: an older one has to go. Whoever opens
 * connections without asking for anything pays first, and then whoever has the most, so that a client that opens thousands
 * keeps out neither the kubelet's probes nor the readers of metrics.
 */
export class ConnectionBound<C extends BoundedConnection> {
  readonly #max: number;
  /** The oldest comes first. */
  readonly #open = new Set<C>();

  constructor(max: number) {
    this.#max = max;
  }

  get size(): number {
    return this.#open.size;
  }

  /** @returns the connection that has to be closed for it; `undefined` while there is room */
  add(connection: C): C | undefined {
    const dropped = this.#open.size < this.#max ? undefined : this.#choose();
    if (dropped !== undefined) this.#open.delete(dropped);
    this.#open.add(connection);
    return dropped;
  }

  delete(connection: C): void {
    this.#open.delete(connection);
  }

  [Symbol.iterator](): IterableIterator<C> {
    return this.#open.values();
  }

  #choose(): C | undefined {
    const unasked = this.#busiest((connection) => !connection.hasAsked);
    return unasked.count > freeUnasked ? unasked.oldest : this.#busiest(() => true).oldest;
  }

  /** Of the address with the most connections that count: how many it has, and the oldest of them. */
  #busiest(counts: (connection: C) => boolean): Tally<C> {
    const tallies = new Map<string, Tally<C>>();
    let busiest: Tally<C> = { count: 0, oldest: undefined };
    for (const connection of this.#open) {
      if (!counts(connection)) continue;
      const tally = tallies.get(connection.address) ?? { count: 0, oldest: connection };
      tally.count++;
      tallies.set(connection.address, tally);
      if (tally.count > busiest.count) busiest = tally;
    }
    return busiest;
  }
}
