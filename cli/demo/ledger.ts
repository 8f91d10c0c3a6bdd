/** One message that may still change an account. */
interface OpenMessage {
  readonly publishedMs: number;
  /** Whether the broker has acknowledged it to its publisher: from then on nobody may lose it. */
  isAccepted: boolean;
  hasArrived: boolean;
}

/** What became of the messages of one dataflow. */
export interface LedgerTotals {
  readonly published: number;
  /** Acknowledged to the publisher by the source broker. */
  readonly accepted: number;
  /** Arrived at least once. */
  readonly delivered: number;
  /** Arrivals beyond the first of a message. */
  readonly duplicated: number;
  /** Accepted, and not arrived so far. */
  readonly lost: number;
  /** Why the source broker refused the first message that it refused. */
  readonly refusal: string | undefined;
  /** From publishing to arrival, in milliseconds, over the newest arrivals; 0 without any. */
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** Latencies that are kept for the quantiles: the newest. */
const keptLatencies = 2000;

/** Counts every message of the demo by its number: what was accepted has to arrive. Keeps only what is under way. */
export class Ledger {
  readonly #accounts: ReadonlyMap<string, Account>;

  constructor(dataflows: readonly string[]) {
    this.#accounts = new Map(dataflows.map((dataflow) => [dataflow, new Account()]));
  }

  /** @returns the number of the message, from 0 */
  notePublished(dataflow: string, nowMs: number): number {
    return this.#account(dataflow).notePublished(nowMs);
  }

  noteAccepted(dataflow: string, number: number): void {
    this.#account(dataflow).noteAccepted(number);
  }

  noteRefused(dataflow: string, number: number, reason: string): void {
    this.#account(dataflow).noteRefused(number, reason);
  }

  /** A number that was never published counts for nothing. */
  noteArrived(dataflow: string, number: number, nowMs: number): void {
    this.#account(dataflow).noteArrived(number, nowMs);
  }

  totals(dataflow: string): LedgerTotals {
    return this.#account(dataflow).totals;
  }

  /** Messages of all dataflows that wait for their broker's acknowledgement, or for their arrival. */
  get underWay(): number {
    return [...this.#accounts.values()].reduce((sum, account) => sum + account.underWay, 0);
  }

  #account(dataflow: string): Account {
    const account = this.#accounts.get(dataflow);
    if (account === undefined) throw new TypeError(`no account of dataflow "${dataflow}"`);
    return account;
  }
}

/** The messages of one dataflow. */
class Account {
  readonly #open = new Map<number, OpenMessage>();
  readonly #latencies: number[] = [];
  #published = 0;
  #accepted = 0;
  #delivered = 0;
  #duplicated = 0;
  #refusal: string | undefined;

  notePublished(nowMs: number): number {
    const number = this.#published++;
    this.#open.set(number, { publishedMs: nowMs, isAccepted: false, hasArrived: false });
    return number;
  }

  noteAccepted(number: number): void {
    const message = this.#open.get(number);
    if (message === undefined || message.isAccepted) return;
    this.#accepted++;
    message.isAccepted = true;
    if (message.hasArrived) this.#open.delete(number);
  }

  noteRefused(number: number, reason: string): void {
    this.#open.delete(number);
    this.#refusal ??= reason;
  }

  noteArrived(number: number, nowMs: number): void {
    const message = this.#open.get(number);
    if (message?.hasArrived === false) {
      message.hasArrived = true;
      this.#delivered++;
      this.#latencies.push(nowMs - message.publishedMs);
      if (this.#latencies.length > keptLatencies) this.#latencies.shift();
      if (message.isAccepted) this.#open.delete(number);
    } else if (Number.isInteger(number) && number >= 0 && number < this.#published) {
      this.#duplicated++;
    }
  }

  get underWay(): number {
    return this.#open.size;
  }

  get totals(): LedgerTotals {
    const sorted = this.#latencies.toSorted((a, b) => a - b);
    return {
      published: this.#published,
      accepted: this.#accepted,
      delivered: this.#delivered,
      duplicated: this.#duplicated,
      lost: [...this.#open.values()].filter(({ isAccepted, hasArrived }) => isAccepted && !hasArrived).length,
      refusal: this.#refusal,
      p50Ms: quantile(sorted, 0.5),
      p99Ms: quantile(sorted, 0.99),
    };
  }
}

/** The nearest rank: the smallest value that at least this share of all values does not exceed. */
function quantile(sorted: readonly number[], share: number): number {
  return sorted[Math.ceil(sorted.length * share) - 1] ?? 0;
}
