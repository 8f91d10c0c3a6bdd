/** An open connection, as far as the bound looks at it. */
export interface BoundedConnection {
  /** Address of the client. */
  readonly address: string;
  /** Whether its request has come; else it may never come. */
  readonly hasAsked: boolean;
}

/** The newest connections that have not asked yet are spared, since their request may just be on its way. */
const sparedConnections = 16;

/**
 * Keeps the number of open connections within a bound, and lets each new one in: an older one has to go. The address with
 * the most connections pays, so that a client that opens thousands doesn't keep out the kubelet's probes.
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

  /** The oldest of the busiest address that has not asked for anything, or else the oldest of that address. */
  #choose(): C | undefined {
    const address = this.#busiestAddress();
    const candidates = [...this.#open].filter((connection) => connection.address === address);
    const spared = new Set(candidates.slice(-sparedConnections));
    return candidates.find((connection) => !connection.hasAsked && !spared.has(connection)) ?? candidates[0];
  }

  #busiestAddress(): string {
    const counts = new Map<string, number>();
    for (const { address } of this.#open) counts.set(address, (counts.get(address) ?? 0) + 1);
    const most = Math.max(...counts.values());
    // Of several with as many, the one with the oldest connection.
    return [...counts].find(([, count]) => count === most)?.[0] ?? "";
  }
}
