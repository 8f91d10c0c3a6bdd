import type { Identity } from "../authentication/authenticator.ts";
import { maxTimerMs } from "../clock.ts";
import type { Clock } from "../clock.ts";
import type { SessionEnd } from "../events.ts";
import { neverExpires } from "../limits.ts";
import type { Limits } from "../limits.ts";
import { ReasonCode } from "../packet/reason-code.ts";
import type { Violation } from "../rules.ts";
import type { DeliveryQueue } from "./delivery-queue.ts";
import type { Router } from "./router.ts";
import type { Session } from "./session.ts";

/** What the store needs of the broker. */
export interface SessionSurroundings {
  readonly clock: Clock;
  readonly router: Router;
  limits(): Limits;
  createQueue(clientId: string): DeliveryQueue;
  publishWill(session: Session): void;
  ended(session: Session, why: SessionEnd): void;
}

export interface SessionRequest {
  readonly clientId: string;
  readonly identity: Identity;
  readonly cleanStart: boolean;
  readonly expirySeconds: number;
}

/** Sessions by client identifier, from their start to their end. Owns their timers until {@link close}. */
export class SessionStore {
  readonly #sessions = new Map<string, Session>();
  readonly #surroundings: SessionSurroundings;

  constructor(surroundings: SessionSurroundings) {
    this.#surroundings = surroundings;
  }

  get(clientId: string): Session | undefined {
    return this.#sessions.get(clientId);
  }

  all(): Session[] {
    return [...this.#sessions.values()];
  }

  /** Says why a client may not have the session, or `undefined` when it may. */
  refusal(clientId: string, identity: Identity): Violation | undefined {
    const existing = this.#sessions.get(clientId);
    const name = identity.authenticationName;
    if (existing && existing.identity.authenticationName !== name) {
      // Event Grid, MQTT support (2025-07-30); that it also holds while the other's session is offline: Azure IoT
      // Operations, Configure MQTT data flow endpoints (2025-06-13).
      const why = `the session "${clientId}" belongs to another authentication name`;
      return { reasonCode: ReasonCode.notAuthorized, why };
    }
    const maximum = this.#surroundings.limits().maxSessionsPerAuthenticationName;
    const others = this.all().filter((session) => session !== existing && session.identity.authenticationName === name);
    if (others.length < maximum) return undefined;
    // No page says which reason code; "QuotaExceeded" is what Event Grid's metric calls it.
    return { reasonCode: ReasonCode.quotaExceeded, why: `"${name}" already has ${others.length} sessions` };
  }

  /** Gives a client its session, kept or new, after disconnecting whoever has it. */
  open(request: SessionRequest): { session: Session; isPresent: boolean } {
    const { clientId, identity, cleanStart, expirySeconds } = request;
    const existing = this.#sessions.get(clientId);
    existing?.connection?.disconnect(ReasonCode.sessionTakenOver, "SessionTakenOver", "another connection took over");
    // Looked up again: a session without expiry ended together with the connection that was taken over.
    const kept = this.#sessions.get(clientId);
    if (kept && !cleanStart) {
      clearTimeout(kept.expiryTimer);
      clearTimeout(kept.willTimer); // [MQTT-3.1.3-9]
      kept.expirySeconds = expirySeconds;
      return { session: kept, isPresent: true };
    }
    if (kept) this.end(kept, "cleanStart");
    const session = this.#create(clientId, identity, expirySeconds);
    this.#sessions.set(clientId, session);
    return { session, isPresent: false };
  }

  /** Notes that a session's connection is gone: the will is sent or scheduled unless it is withdrawn, and the session expires. */
  detach(session: Session, isWillWithdrawn: boolean): void {
    session.connection = undefined;
    session.queue.detach();
    if (isWillWithdrawn) session.will = undefined;
    if (this.#sessions.get(session.clientId) !== session) {
      this.#sendWill(session); // the session ended before its connection: nothing is left to wait for
      return;
    }
    this.#scheduleWill(session);
    this.#scheduleExpiry(session);
  }

  /** Ends a session: its subscriptions go, a will that waits is sent, whoever is connected is not told. */
  end(session: Session, why: SessionEnd): void {
    if (!this.#sessions.delete(session.clientId)) return;
    clearTimeout(session.willTimer);
    clearTimeout(session.expiryTimer);
    this.#surroundings.ended(session, why);
    if (!session.connection) this.#sendWill(session); // [MQTT-3.1.2-8]
    this.#surroundings.router.forget(session);
  }

  /** Clears every timer. */
  close(): void {
    for (const session of this.#sessions.values()) {
      clearTimeout(session.willTimer);
      clearTimeout(session.expiryTimer);
      session.queue.detach();
    }
  }

  #create(clientId: string, identity: Identity, expirySeconds: number): Session {
    return {
      clientId,
      identity,
      expirySeconds,
      subscriptions: new Map(),
      queue: this.#surroundings.createQueue(clientId),
      connection: undefined,
      will: undefined,
      willTimer: undefined,
      expiryTimer: undefined,
    };
  }

  #scheduleWill(session: Session): void {
    if (!session.will) return;
    const { clock } = this.#surroundings;
    const { maxWillDelaySeconds } = this.#surroundings.limits();
    const delaySeconds = Math.min(session.will.delaySeconds, maxWillDelaySeconds);
    if (delaySeconds === 0) this.#sendWill(session);
    else
      session.willTimer = startTimer(delaySeconds * clock.secondMs, () => {
        this.#sendWill(session);
      });
  }

  #sendWill(session: Session): void {
    if (session.will) this.#surroundings.publishWill(session);
    session.will = undefined;
  }

  #scheduleExpiry(session: Session): void {
    const { expirySeconds } = session;
    if (expirySeconds === 0) this.end(session, "expired");
    if (expirySeconds === 0 || expirySeconds === neverExpires) return;
    const afterMs = expirySeconds * this.#surroundings.clock.secondMs;
    session.expiryTimer = startTimer(afterMs, () => {
      this.end(session, "expired");
    });
  }
}

/** Starts a timer; one that is longer than Node.js has (25 days) never fires. */
function startTimer(afterMs: number, act: () => void): NodeJS.Timeout | undefined {
  return afterMs > maxTimerMs ? undefined : setTimeout(act, afterMs);
}
