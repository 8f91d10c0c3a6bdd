import type { Authenticator } from "./authentication/authenticator.ts";
import type { Clock } from "./clock.ts";
import type { BrokerEvent, MessageSummary } from "./events.ts";
import { FaultPlan } from "./fault-plan.ts";
import { unlimited } from "./limits.ts";
import type { Limits } from "./limits.ts";
import type { Message } from "./message.ts";
import { readMessageProperties } from "./packet/message-properties.ts";
import { ReasonCode } from "./packet/reason-code.ts";
import { acceptPublish } from "./publishing.ts";
import { RuleBook } from "./rules.ts";
import type { Profile } from "./rules.ts";
import { DeliveryQueue } from "./session/delivery-queue.ts";
import type { DeliveryNotices } from "./session/delivery-queue.ts";
import { RetainedMessages } from "./session/retained-messages.ts";
import { Router } from "./session/router.ts";
import type { Session } from "./session/session.ts";
import { SessionStore } from "./session/session-store.ts";
import { Statistics } from "./statistics.ts";

/** What every connection of a broker shares. */
export interface BrokerCore {
  readonly rules: RuleBook;
  readonly authenticators: readonly Authenticator[];
  readonly clock: Clock;
  readonly statistics: Statistics;
  readonly faults: FaultPlan;
  readonly retained: RetainedMessages;
  readonly router: Router;
  readonly sessions: SessionStore;
  readonly onEvent: ((event: BrokerEvent) => void) | undefined;
  /** The limits that hold now: MQTT's, the profile's, the broker's own, a fault's, the later ones winning. */
  limits(): Limits;
}

export interface CoreOptions {
  readonly profile: Profile;
  readonly clock: Clock;
  readonly limits: Partial<Limits>;
  readonly onEvent: ((event: BrokerEvent) => void) | undefined;
}

/** Puts the parts of a broker together, without a network. */
export function createCore({ profile, clock, limits: own, onEvent }: CoreOptions): BrokerCore {
  const rules = new RuleBook(profile.rules);
  const statistics = new Statistics();
  const faults = new FaultPlan();
  const retained = new RetainedMessages(clock);
  const limits = createLimits({ ...unlimited, ...rules.limits, ...own }, faults);
  const notices = (clientId: string) => deliveryNotices(clientId, statistics, onEvent);
  const router: Router = new Router({
    overflowed: (session) => {
      endOverflowed(sessions, session);
    },
    skippedOffline: ({ clientId }, { topic }) => {
      statistics.countDrop("clientOffline");
      onEvent?.({ kind: "drop", clientId, topic, why: "clientOffline" });
    },
  });
  const sessions: SessionStore = new SessionStore({
    clock,
    router,
    limits,
    createQueue: (clientId) => new DeliveryQueue(limits, clock, notices(clientId)),
    publishWill: ({ will, identity, clientId }) => {
      if (will) acceptPublish(core, identity, clientId, will.publish);
    },
    ended: ({ clientId }, why) => {
      statistics.countSessionEnd(why);
      onEvent?.({ kind: "sessionEnd", clientId, why });
    },
  });
  const { authenticators } = profile;
  const state = { clock, statistics, faults, retained, router, sessions };
  const core: BrokerCore = { ...state, rules, authenticators, onEvent, limits };
  return core;
}

/** The limits that hold now. Put together only when a fault changes them: every message asks for them. */
function createLimits(lasting: Limits, faults: FaultPlan): () => Limits {
  let announced = faults.limits;
  let current: Limits = { ...lasting, ...announced };
  return () => {
    if (announced !== faults.limits) {
      announced = faults.limits;
      current = { ...lasting, ...announced };
    }
    return current;
  };
}

function endOverflowed(sessions: SessionStore, session: Session): void {
  sessions.end(session, "SessionOverflow");
  // No page says which reason code; the word is of Event Grid, MQTT client life cycle events.
  session.connection?.disconnect(ReasonCode.quotaExceeded, "SessionOverflow", "the session's queue is full");
}

function deliveryNotices(
  clientId: string,
  statistics: Statistics,
  onEvent: ((event: BrokerEvent) => void) | undefined,
): DeliveryNotices {
  return {
    sent: ({ message: { topic }, qos, packetIdentifier }, isRedelivery) => {
      statistics.count("delivered");
      if (isRedelivery) statistics.count("redelivered");
      onEvent?.({ kind: "deliver", clientId, packetIdentifier, dup: isRedelivery, topic, qos });
    },
    dropped: ({ message: { topic } }, why) => {
      statistics.countDrop(why);
      onEvent?.({ kind: "drop", clientId, topic, why });
    },
  };
}

/** Shows a message as events do. */
export function summarize({ topic, qos, retain, payload, keptProperties }: Message): MessageSummary {
  return { topic, qos, retain, payload, ...readMessageProperties(keptProperties) };
}
