import { isOfPlainFilter, subscriptionIdentifier } from "../contract/subscriptions.ts";
import { parseSharedFilter } from "../contract/topic/filter.ts";
import { TopicMatcher } from "../contract/topic/matcher.ts";
import type { PublishView } from "../mqtt/publish.ts";
import { PublishContent } from "./publish-content.ts";

/**
 * What to do with a message of a session that may hold old filters.
 * - `wanted`: forward it
 * - `unwanted`: no filter of the configuration takes its topic in; acknowledge it and count it
 * - `copy`: it was forwarded as the copy of another filter; acknowledge it and count it
 * - `maybeCopy`: it came by an old filter, and as one of the two is shared, its copy may have gone to another instance; forward
 *   it and count it
 */
export type Origin = "wanted" | "unwanted" | "copy" | "maybeCopy";

/**
 * Identifiers that one run may have. A broker sends one for each filter that a message matches; one that sends more must not
 * decide what each message costs.
 */
const maxIdentifiers = 200;
/** Largest message that is remembered, in bytes; copies of a larger one are forwarded. */
const maxContentBytes = 1_048_576;

export interface WatchedFilters {
  readonly wanted: readonly string[];
  /** The other forms of the wanted filters, which the relay unsubscribes. */
  readonly otherForms: readonly string[];
}

/**
 * Tells the copies of one message apart from messages that are alike, on one connection. An old filter and a wanted one
 * that overlap bring a message twice; each copy names its filter by a Subscription Identifier, and the broker sends them
 * one behind the other (mosquitto 2.0.11, also from the queue of a session that was offline).
 *
 * A *run* is a row of messages with the same content. Of each run it forwards as many as the identifier that came most
 * often: a copy that raises no identifier above the number forwarded is dropped.
 *
 * Why no message is lost: filters that count here are plain ones, which the broker applies to each message, and which no
 * relay unsubscribes, so a session only gains them. Take the oldest one of those that brought a copy of a run. It was there
 * when the others were, so it brought each message of the run that any of them brought, once. The run forwards at least as
 * many messages as it brought. This holds for any order of the copies, for messages that are alike, and for those that
 * waited since before the change. Since a run is never interrupted, a message between two that are alike keeps its place.
 * Copies are acknowledged in order, behind the message they belong to. A connection that ends loses the run; what was not
 * acknowledged comes again on the next one and is judged anew.
 *
 * Two things break this, both only where two messages are alike and adjacent: a broker that drops one copy of two since its
 * queue is full, and a message of a plain filter that an earlier process unsubscribed (see below), if it still waits two
 * configurations later.
 *
 * What does not keep to this is forwarded always:
 * - messages without an identifier: an earlier version of the relay subscribed, or the broker attaches none
 * - identifiers that are not the relay's
 * - shared filters, and old plain filters on a topic that only shared filters ask for: copies may go to another instance
 * - the other forms of wanted filters: the relay unsubscribes them, so what came by them has no copy from then on
 * Content includes QoS and retain: a copy with a lower QoS does not stand for one with a higher QoS.
 */
export class CopyWatch {
  readonly #matcher: TopicMatcher;
  /** Of the wanted filters that are not shared. */
  readonly #plainMatcher: TopicMatcher;
  readonly #wanted: ReadonlySet<number>;
  readonly #uncounted: ReadonlySet<number>;
  /** The message that the run consists of. */
  readonly #content = new PublishContent();
  /** Identifiers of the run, and how often each came. */
  readonly #identifiers: number[] = [];
  readonly #counts: number[] = [];
  #identifierCount = 0;
  #forwarded = 0;
  /** Whether something came by an old filter; set here, cleared by who asks. */
  sawOld = false;

  constructor({ wanted, otherForms }: WatchedFilters) {
    this.#matcher = new TopicMatcher(wanted);
    this.#plainMatcher = new TopicMatcher(wanted.filter((filter) => parseSharedFilter(filter) === undefined));
    this.#wanted = new Set(wanted.map(subscriptionIdentifier));
    this.#uncounted = new Set(otherForms.map(subscriptionIdentifier));
  }

  /** @throws {ProtocolError} when its properties can't be read */
  judge(view: PublishView): Origin {
    view.scanProperties();
    const isWanted = this.#isWanted(view);
    if (!isWanted && !this.#matcher.matches(view.topic)) {
      this.sawOld = true;
      this.#endRun();
      return "unwanted";
    }
    if (!this.#isCounted(view) || (!isWanted && !this.#plainMatcher.matches(view.topic))) {
      this.#endRun();
      return this.#judgeUncounted(view, isWanted);
    }
    if (!isWanted) this.sawOld = true;
    const isFull = this.#identifierCount + view.identifierCount > maxIdentifiers;
    if (isFull || !this.#content.equals(view)) this.#startRun(view);
    if (this.#count(view) <= this.#forwarded) return "copy";
    this.#forwarded++;
    return "wanted";
  }

  /** Whether an identifier says that a wanted filter brought the message: no topic has to be looked at then. */
  #isWanted({ identifiers, identifierCount }: PublishView): boolean {
    for (let index = 0; index < identifierCount; index++) {
      if (this.#wanted.has(identifiers[index] ?? 0)) return true;
    }
    return false;
  }

  /** Whether each filter that brought the message is one whose copies can be told. */
  #isCounted({ identifiers, identifierCount, isHopSpanWhole, topicStart, end }: PublishView): boolean {
    if (identifierCount > maxIdentifiers || end - topicStart > maxContentBytes) return false;
    for (let index = 0; index < identifierCount; index++) {
      const identifier = identifiers[index] ?? 0;
      if (!isOfPlainFilter(identifier) || this.#uncounted.has(identifier)) return false;
    }
    return identifierCount > 0 && isHopSpanWhole;
  }

  #judgeUncounted({ identifiers, identifierCount }: PublishView, isWanted: boolean): Origin {
    if (isWanted || identifierCount === 0) return "wanted";
    for (let index = 0; index < identifierCount; index++) {
      if (this.#uncounted.has(identifiers[index] ?? 0)) return "wanted";
    }
    this.sawOld = true;
    return "maybeCopy";
  }

  /** Counts the identifiers of a message; returns how often the one came that came most often in this run. */
  #count({ identifiers, identifierCount }: PublishView): number {
    let most = 0;
    for (let index = 0; index < identifierCount; index++) {
      const place = this.#place(identifiers[index] ?? 0);
      const count = (this.#counts[place] ?? 0) + 1;
      this.#counts[place] = count;
      if (count > most) most = count;
    }
    return most;
  }

  #place(identifier: number): number {
    for (let place = 0; place < this.#identifierCount; place++) {
      if (this.#identifiers[place] === identifier) return place;
    }
    const place = this.#identifierCount++;
    this.#identifiers[place] = identifier;
    this.#counts[place] = 0;
    return place;
  }

  #startRun(view: PublishView): void {
    this.#content.remember(view);
    this.#identifierCount = 0;
    this.#forwarded = 0;
  }

  #endRun(): void {
    this.#content.clear();
  }
}
