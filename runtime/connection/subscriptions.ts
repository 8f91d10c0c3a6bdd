import { eventGridLimits } from "../contract/config/endpoint-rules.ts";
import { ConnectionError } from "../contract/errors.ts";
import { judgeReasonCode } from "../contract/reason-codes.ts";
import { findFilter, isOfPlainFilter, subscriptionIdentifier } from "../contract/subscriptions.ts";
import { parseSharedFilter } from "../contract/topic/filter.ts";
import type { ServerLimits } from "../mqtt/connect.ts";
import type { Connection } from "../mqtt/connection.ts";
import type { PublishView } from "../mqtt/publish.ts";
import type { Logger } from "../report/log.ts";
import { CopyWatch, type Origin } from "./copy-watch.ts";
import { isUnsubscribed, nameUnsubackCode, readSubackCode, unavailable, type FilterAnswer } from "./filter-answer.ts";
import type { OldFilters } from "./old-filters.ts";

export interface SubscribeRequest {
  readonly filters: readonly string[];
  readonly qos: 0 | 1;
  /** The broker, as messages name it. */
  readonly peer: string;
  /** Name of the endpoint. */
  readonly endpoint: string;
}

/** Reason code: Subscription Identifiers not supported. */
const identifiersNotSupported = 0xa1;
/** As many filters as the strictest broker takes at once. */
const filtersPerPacket = eventGridLimits.maxFiltersPerSubscribe;
/** SUBSCRIBE packets with one filter that are sent before the first of them is answered. */
const packetsAtOnce = 50;
/** First and longest wait until a filter that was refused is asked for again; it doubles. */
const firstRetryMs = 5000;
const lastRetryMs = 300_000;
/** Identifiers that are looked for on one connection: a search takes milliseconds. */
const maxSearched = 100;
/** Refused filters that one message names: the others are refused for the same reason, as a rule. */
const maxShownProblems = 3;
/** Old filters that are gone are looked for no more once nothing has come by them for so long. */
const quietMs = 600_000;

const unsubscribeRefused = "the broker did not unsubscribe a filter of an earlier configuration, will retry";
const stillThere = "the source session still holds a filter of an earlier configuration";
const stillThereRemedy =
  "where it goes on, or to save what the broker sends in vain, end this client's session at the broker once, while nothing waits in it";
const consequenceOf: Readonly<Record<Origin, string>> = {
  wanted: "none",
  unwanted: "messages that no filter asks for come, and are not forwarded",
  copy: "messages come twice, and their copies are not forwarded",
  maybeCopy:
    "messages may come twice until it is unsubscribed, which is done as soon as its text is found; relay_possible_copies_total counts them",
};
const unknownFilters =
  "the broker has no subscription identifiers and this dataflow has no disk: a filter that an earlier configuration had is not found in the kept session, and would bring its messages twice until the session expires";
const unknownRemedy =
  "after a change of dataSources: give the dataflow a spool, which remembers its filters, or end this client's session at the broker once";

/** A packet's filters, all with one Subscription Identifier. */
interface Packet {
  readonly filters: readonly string[];
  readonly identifier?: number;
}

/**
 * The subscriptions of one source connection. It ends with the connection: {@link end} clears its timers, and nothing that
 * is answered afterwards has an effect.
 *
 * Filters that the broker grants deliver messages. One that it refuses is among {@link problems} and is subscribed alone
 * again, after 5 s at first and up to 5 minutes, until it is granted. A lower QoS than asked for is treated alike, though
 * its messages come.
 */
export class Subscriptions {
  readonly #connection: Pick<Connection, "isOpen" | "subscribe" | "unsubscribe">;
  readonly #limits: ServerLimits;
  readonly #request: SubscribeRequest;
  readonly #old: OldFilters;
  readonly #log: Logger;
  readonly #granted = new Set<string>();
  readonly #problems = new Map<string, string>();
  readonly #timers = new Set<NodeJS.Timeout>();
  #usesIdentifiers: boolean;
  #watch: CopyWatch | undefined;
  /** Old filters of which an UNSUBSCRIBE is under way, or will be sent again. */
  readonly #unsubscribing = new Set<string>();
  /** Identifiers of old filters whose text was looked for. */
  readonly #searched = new Set<number>();
  #hasEnded = false;

  constructor(
    connection: Pick<Connection, "isOpen" | "subscribe" | "unsubscribe">,
    limits: ServerLimits,
    request: SubscribeRequest,
    old: OldFilters,
    log: Logger,
  ) {
    this.#connection = connection;
    this.#limits = limits;
    this.#request = request;
    this.#old = old;
    this.#log = log;
    this.#usesIdentifiers = limits.subscriptionIdentifiersAvailable && !old.hasMemory && !old.refusesIdentifiers;
    const isFirst = old.onConnected(limits.sessionPresent);
    if (!old.mayExist) return;
    this.#watch = new CopyWatch({ wanted: request.filters, otherForms: old.otherForms });
    if (old.hasMemory) this.#waitForQuiet(this.#watch);
    else if (isFirst && !this.#usesIdentifiers)
      this.#log.info({ event: "earlier-filters-possible", remedy: unknownRemedy }, unknownFilters);
  }

  /** What the broker has not granted as asked for, each with its remedy; empty when all is well. */
  get problems(): readonly string[] {
    return [...this.#problems.values()];
  }

  /**
   * Subscribes to all filters, then unsubscribes old ones; resolves once each was answered. Done at each connect, also in a
   * kept session: whether an earlier SUBSCRIBE arrived is known only by its SUBACK.
   *
   * @throws {ConnectionError} when no filter was granted: a new connection reads its credentials anew
   */
  async subscribe(): Promise<void> {
    await this.#old.beforeSubscribe(this.#limits.sessionPresent);
    if (!this.#isOpen()) return;
    const answers = new Map<string, FilterAnswer>();
    for (const filter of this.#request.filters) {
      const problem = unavailable(filter, this.#limits);
      if (problem !== undefined) answers.set(filter, { isGranted: false, problem });
    }
    await this.#askAll(answers);
    if (!this.#isOpen()) return;
    this.#checkAny(answers);
    for (const [filter, answer] of answers) this.#take(filter, answer, firstRetryMs);
    await this.#unsubscribeOld();
  }

  /** Tells what to do with a message that came on this connection. Costs nothing where no old filter can be there. */
  judge(view: PublishView): Origin {
    if (this.#watch === undefined) return "wanted";
    const origin = this.#watch.judge(view);
    if (origin !== "wanted" && !this.#old.reported.has(origin)) this.#report(origin);
    if (origin === "maybeCopy") this.#findOldFilter(view);
    return origin;
  }

  #report(origin: Origin): void {
    this.#old.reported.add(origin);
    const consequence = consequenceOf[origin];
    this.#log.warn({ event: "earlier-filter-present", consequence, remedy: stillThereRemedy }, stillThere);
  }

  /**
   * The connection has ended. May be called again.
   * @param reasonCode that of the server's DISCONNECT, where it sent one
   */
  end(reasonCode?: number): void {
    this.#hasEnded = true;
    if (reasonCode === identifiersNotSupported) this.#doWithoutIdentifiers();
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
  }

  /** A method, since it changes while something is awaited. */
  #isOpen(): boolean {
    return !this.#hasEnded && this.#connection.isOpen;
  }

  /** With identifiers each filter has a packet of its own, since a packet has one identifier. */
  #packets(filters: readonly string[]): Packet[] {
    if (this.#usesIdentifiers)
      return filters.map((filter) => ({ filters: [filter], identifier: subscriptionIdentifier(filter) }));
    return inPackets(filters).map((some) => ({ filters: some }));
  }

  /** Asks for every filter that has no answer yet. */
  async #askAll(answers: Map<string, FilterAnswer>): Promise<void> {
    const packets = this.#packets(this.#request.filters.filter((filter) => !answers.has(filter)));
    const atOnce = this.#usesIdentifiers ? packetsAtOnce : 1;
    for (let index = 0; index < packets.length; index += atOnce) {
      const sent = packets.slice(index, index + atOnce);
      const read = await Promise.all(sent.map(async (packet) => this.#ask(packet)));
      for (const [filter, answer] of read.flat()) answers.set(filter, answer);
    }
    const refused = [...answers].filter(([, { reasonCode }]) => reasonCode === identifiersNotSupported);
    if (!this.#usesIdentifiers || refused.length === 0) return;
    this.#doWithoutIdentifiers();
    for (const [filter] of refused) answers.delete(filter);
    await this.#askAll(answers);
  }

  #doWithoutIdentifiers(): void {
    this.#usesIdentifiers = false;
    this.#old.refusesIdentifiers = true;
  }

  async #ask({ filters, identifier }: Packet): Promise<[filter: string, answer: FilterAnswer][]> {
    const { qos } = this.#request;
    const codes = await this.#connection.subscribe(
      filters.map((filter) => ({ filter, qos })),
      identifier,
    );
    return filters.map((filter, index) => [filter, readSubackCode(filter, codes[index], this.#request)]);
  }

  #checkAny(answers: ReadonlyMap<string, FilterAnswer>): void {
    const all = [...answers.values()];
    const [first] = all;
    if (first === undefined || all.some(({ isGranted }) => isGranted)) return;
    const shown = all.slice(0, maxShownProblems).map(({ problem }) => problem ?? "");
    const more = all.length > shown.length ? `, and ${all.length - shown.length} more` : "";
    const text = `${this.#request.peer} grants no filter: ${shown.join(", ")}${more}`;
    const isPassing = all.some(
      ({ reasonCode }) => reasonCode !== undefined && judgeReasonCode("SUBACK", reasonCode) === "retry",
    );
    throw new ConnectionError(text, { reasonCode: first.reasonCode, retry: isPassing ? "soon" : "slowly" });
  }

  /** Takes an answer in; one that is not as asked for is asked for again later. */
  #take(filter: string, { isGranted, problem }: FilterAnswer, retryMs: number): void {
    if (isGranted) this.#granted.add(filter);
    const before = this.#problems.get(filter);
    if (problem === undefined) {
      this.#problems.delete(filter);
      if (before !== undefined) this.#log.info({ event: "filter-granted", filter }, "filter granted");
      return;
    }
    this.#problems.set(filter, problem);
    const canChange = unavailable(filter, this.#limits) === undefined;
    const retry = canChange ? { retryInMs: retryMs } : {};
    if (problem !== before)
      this.#log.warn({ event: "filter-refused", filter, reason: problem, ...retry }, "filter not granted");
    if (canChange) this.#later(retryMs, async () => this.#askAgain(filter, retryMs));
  }

  async #askAgain(filter: string, waitedMs: number): Promise<void> {
    for (const packet of this.#packets([filter])) {
      const [answered] = await this.#ask(packet);
      if (!this.#isOpen() || answered === undefined) return;
      this.#take(...answered, Math.min(waitedMs * 2, lastRetryMs));
    }
    await this.#unsubscribeOld();
  }

  async #unsubscribeOld(): Promise<void> {
    const filters = this.#old.toUnsubscribe(this.#granted).filter((filter) => !this.#unsubscribing.has(filter));
    for (const filter of filters) this.#unsubscribing.add(filter);
    await this.#unsubscribe(filters, firstRetryMs);
  }

  /** Unsubscribes old filters; one for which UNSUBACK doesn't confirm it is tried again later. */
  async #unsubscribe(filters: readonly string[], retryMs: number): Promise<void> {
    const failed: string[] = [];
    for (const some of inPackets(filters)) {
      const codes = await this.#connection.unsubscribe(some);
      if (!this.#isOpen()) return;
      for (const [index, filter] of some.entries()) {
        if (isUnsubscribed(codes[index])) this.#unsubscribing.delete(filter);
        else failed.push(filter);
        if (codes[index] === 0)
          this.#log.info({ event: "filter-removed", filter }, "unsubscribed a filter of an earlier configuration");
        if (failed.at(-1) === filter && retryMs === firstRetryMs)
          this.#log.warn(
            { event: "filter-removal-refused", filter, reason: nameUnsubackCode(codes[index]), retryInMs: retryMs },
            unsubscribeRefused,
          );
      }
      await this.#old.onUnsubscribed(some.filter((filter) => !failed.includes(filter)));
      if (!this.#isOpen()) return;
    }
    if (failed.length > 0)
      this.#later(retryMs, async () => this.#unsubscribe(failed, Math.min(retryMs * 2, lastRetryMs)));
  }

  /**
   * Finds the old filter that brought a message, and unsubscribes it. A plain one is left where a wanted filter is plain:
   * {@link CopyWatch} relies on it, and tells its copies.
   */
  #findOldFilter({ identifiers, identifierCount, topic }: PublishView): void {
    const allAreShared = this.#request.filters.every((filter) => parseSharedFilter(filter) !== undefined);
    for (const identifier of identifiers.slice(0, identifierCount)) {
      if (this.#searched.has(identifier) || this.#searched.size >= maxSearched) continue;
      this.#searched.add(identifier);
      const isPlain = isOfPlainFilter(identifier);
      const filter = findFilter(identifier, topic, isPlain ? [""] : this.#old.sharePrefixes);
      if (filter === undefined || (isPlain && !allAreShared)) continue;
      if (this.#request.filters.includes(filter) || this.#unsubscribing.has(filter)) continue;
      this.#unsubscribing.add(filter);
      this.#later(0, async () => this.#unsubscribe([filter], firstRetryMs));
    }
  }

  /** Looks no more for messages of old filters once those are gone and nothing has come by them for a while. */
  #waitForQuiet(watch: CopyWatch): void {
    this.#later(quietMs, () => {
      if (this.#old.areGone && !watch.sawOld) this.#watch = undefined;
      else {
        watch.sawOld = false;
        this.#waitForQuiet(watch);
      }
      return Promise.resolve();
    });
  }

  /** Does something after a time, unless the connection has ended by then. */
  #later(delayMs: number, act: () => Promise<void>): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      if (!this.#isOpen()) return;
      act().catch((cause: unknown) => {
        // The connection ended meanwhile: the next one asks for everything again.
        if (!(cause instanceof ConnectionError))
          this.#log.error({ event: "relay-fault", err: cause }, "slip of the relay in its subscriptions; report it");
      });
    }, delayMs);
    this.#timers.add(timer);
  }
}

function inPackets(filters: readonly string[]): (readonly string[])[] {
  return Array.from({ length: Math.ceil(filters.length / filtersPerPacket) }, (_, index) =>
    filters.slice(index * filtersPerPacket, (index + 1) * filtersPerPacket),
  );
}
