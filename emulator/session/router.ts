import type { Message } from "../message.ts";
import type { Delivery } from "./delivery-queue.ts";
import type { Session } from "./session.ts";
import { SubscriptionIndex } from "./subscription-index.ts";
import type { Match, SharedGroup } from "./subscription-index.ts";
import type { Subscription } from "./subscription.ts";

/** What the router tells the broker while it puts messages into sessions. */
export interface RouterNotices {
  /** The session's queue was full; the session has to end. */
  overflowed(session: Session): void;
  /** A QoS 0 message found its session without a connection. */
  skippedOffline(session: Session, message: Message): void;
}

/** Brings each message to the sessions whose subscriptions match, once a session. */
export class Router {
  readonly #index = new SubscriptionIndex<Session>();
  readonly #notices: RouterNotices;

  constructor(notices: RouterNotices) {
    this.#notices = notices;
  }

  /**
   * Adds a subscription to a session.
   * @returns whether the session had none with that filter
   */
  subscribe(session: Session, subscription: Subscription): boolean {
    const isNew = !session.subscriptions.has(subscription.filter);
    session.subscriptions.set(subscription.filter, subscription);
    this.#index.add(session, subscription);
    return isNew;
  }

  /** Takes a subscription from a session; `false` when there was none. */
  unsubscribe(session: Session, filter: string): boolean {
    if (!session.subscriptions.delete(filter)) return false;
    this.#index.remove(session, filter);
    return true;
  }

  /** Takes every subscription from a session that ended, and gives its unacknowledged shared messages to others. */
  forget(session: Session): void {
    for (const filter of [...session.subscriptions.keys()]) this.unsubscribe(session, filter);
    for (const { message, sharedFilter } of session.queue.unfinished()) {
      // Of QoS 1 (§4.8.2): another member gets what the ended session did not acknowledge.
      const group = sharedFilter === undefined ? undefined : this.#index.group(sharedFilter);
      if (group) this.#toGroup(group, message);
    }
  }

  /**
   * Puts a message into every matching session.
   * @returns how many sessions matched, offline ones included
   */
  route(message: Message, publisherClientId: string): number {
    const { direct, groups } = this.#index.match(message.topic);
    const wanted = direct.filter(
      ({ subscriber, subscription }) => !(subscription.noLocal && subscriber.clientId === publisherClientId),
    );
    for (const [session, subscriptions] of bySession(wanted)) this.#toSession(session, message, subscriptions);
    for (const group of groups) this.#toGroup(group, message);
    return wanted.length + groups.length;
  }

  /**
   * Puts a retained message into one session, on account of one subscription. With No Local too: the standard does not say whether a
   * message that was retained is still its publisher's own, and mosquitto takes it for nobody's (its issue 1796).
   */
  sendRetained(session: Session, subscription: Subscription, message: Message): void {
    this.#push(session, { ...addressed(message, [subscription]), retain: true });
  }

  /** The next connected member gets the message; when none is connected, the next one's session keeps it. */
  #toGroup(group: SharedGroup<Session>, message: Message): void {
    const turns = group.members.length;
    const inTurn = Array.from({ length: turns }, (_, step) => (group.next + step) % turns);
    const index = inTurn.find((candidate) => group.members[candidate]?.subscriber.connection) ?? group.next % turns;
    const member = group.members[index];
    group.next = (index + 1) % turns;
    if (!member) return;
    const { sharedFilter } = group;
    this.#push(member.subscriber, { ...addressed(message, [member.subscription]), sharedFilter });
  }

  #toSession(session: Session, message: Message, subscriptions: readonly Subscription[]): void {
    this.#push(session, addressed(message, subscriptions));
  }

  #push(session: Session, delivery: Delivery): void {
    if (!session.connection && delivery.qos === 0) {
      this.#notices.skippedOffline(session, delivery.message);
      return;
    }
    if (session.queue.push(delivery) === "overflow") this.#notices.overflowed(session);
  }
}

function bySession(matches: readonly Match<Session>[]): Map<Session, Subscription[]> {
  const sessions = new Map<Session, Subscription[]>();
  for (const { subscriber, subscription } of matches) {
    const subscriptions = sessions.get(subscriber);
    if (subscriptions) subscriptions.push(subscription);
    else sessions.set(subscriber, [subscription]);
  }
  return sessions;
}

/** One delivery for overlapping subscriptions: the highest QoS, and every identifier. @see MQTT 5.0 §3.3.4 */
function addressed(message: Message, subscriptions: readonly Subscription[]): Delivery {
  const granted = Math.max(...subscriptions.map(({ qos }) => qos));
  return {
    message,
    qos: Math.min(message.qos, granted),
    retain: message.retain && subscriptions.some(({ retainAsPublished }) => retainAsPublished),
    subscriptionIdentifiers: subscriptions.map(({ identifier }) => identifier).filter((identifier) => identifier > 0),
    packetIdentifier: 0,
  };
}
