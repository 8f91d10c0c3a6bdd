/** What became of the messages of a while. */
export interface Account {
  readonly published: number;
  readonly delivered: number;
  /** Acknowledged to the publisher, and never delivered. */
  readonly lost: number;
  /** Deliveries beyond the first of a message. */
  readonly duplicated: number;
  /** Longest time in milliseconds between two deliveries. */
  readonly longestGapMs: number;
}

interface Entry {
  isAccepted: boolean;
  deliveries: number;
}

/** The messages of one direction by their number; what was acknowledged to the publisher has to arrive. */
export class Ledger {
  readonly #entries: Entry[] = [];
  readonly #deliveredMs: number[] = [];

  /** @returns the message's number */
  notePublished(): number {
    this.#entries.push({ isAccepted: false, deliveries: 0 });
    return this.#entries.length - 1;
  }

  noteAccepted(number: number): void {
    const entry = this.#entries[number];
    if (entry !== undefined) entry.isAccepted = true;
  }

  noteDelivered(number: number, nowMs = performance.now()): void {
    const entry = this.#entries[number];
    if (entry === undefined) return;
    entry.deliveries++;
    this.#deliveredMs.push(nowMs);
  }

  /** The number that the next message will have. */
  get next(): number {
    return this.#entries.length;
  }

  /** Messages that were accepted and have not arrived, from a number on to another one. */
  missing(from: number, to: number): number {
    return this.#entries.slice(from, to).filter(({ isAccepted, deliveries }) => isAccepted && deliveries === 0).length;
  }

  /** Messages whose publisher has no acknowledgement. */
  unaccepted(from: number, to: number): number {
    return this.#entries.slice(from, to).filter(({ isAccepted }) => !isAccepted).length;
  }

  /** The account of the messages from one number on to another; gaps count from one time to another. */
  account(from: number, to: number, beginMs: number, endMs: number): Account {
    const entries = this.#entries.slice(from, to);
    const times = [beginMs, ...this.#deliveredMs.filter((ms) => ms > beginMs && ms < endMs), endMs];
    return {
      published: entries.length,
      delivered: entries.filter(({ deliveries }) => deliveries > 0).length,
      lost: this.missing(from, to),
      duplicated: entries.reduce((sum, { deliveries }) => sum + Math.max(0, deliveries - 1), 0),
      longestGapMs: times.slice(1).reduce((longest, ms, at) => Math.max(longest, ms - (times[at] ?? ms)), 0),
    };
  }
}

/** Both directions as one: the counts together, and the longer gap. */
export function addAccounts(accounts: readonly Account[]): Account {
  const sum = (field: keyof Account) => accounts.reduce((total, account) => total + account[field], 0);
  return {
    published: sum("published"),
    delivered: sum("delivered"),
    lost: sum("lost"),
    duplicated: sum("duplicated"),
    longestGapMs: Math.max(0, ...accounts.map(({ longestGapMs }) => longestGapMs)),
  };
}
