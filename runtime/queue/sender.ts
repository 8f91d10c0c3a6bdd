import type { ConnectionError } from "../contract/errors.ts";
import { clearRetain, stampExpiry } from "../mqtt/publish.ts";
import { judgeReasonCode, nameReasonCode, remedyOfReasonCode } from "../contract/reason-codes.ts";
import { topicOfEntry, type Entry } from "./entry.ts";
import { InFlight } from "./in-flight.ts";
import type { DestinationLimits, DestinationPort, ForwarderOptions } from "./ports.ts";
import type { Spooler } from "../disk/spooler.ts";
import { StallWatch } from "./stall-watch.ts";
import { SuspectWatch } from "./poison-watch.ts";
import type { WaitingQueue } from "./waiting-queue.ts";

/** Bytes that may lie in the destination's socket before no more QoS 0 messages are added. */
const maxUnsentBytes = 1024 * 1024;
/** Pause after the destination refused a message for the time being. */
const rejectionPauseMs = 1000;
/** How long a connection has to last without a message before one is sent alone. */
const trialPauseMs = 1000;

/** What becomes of a message that was to be sent, and who says whether it may be. */
export interface SenderEvents {
  /** Whether a message may be sent at this time, as far as its source is concerned. */
  readonly maySend: (entry: Entry) => boolean;
  /** The destination has taken it. */
  readonly onDelivered: (entry: Entry) => void;
  /** It can never be delivered. */
  readonly onRefused: (entry: Entry, reason: string) => void;
  readonly onExpired: (entry: Entry) => void;
  /** What could be sent was sent. */
  readonly onPumped: () => void;
}

/** Sends what waits to the destination, in its order, and keeps what was sent until the destination has acknowledged it. */
export class Sender {
  readonly #options: ForwarderOptions;
  readonly #events: SenderEvents;
  readonly #waiting: WaitingQueue;
  readonly #inFlight = new InFlight();
  readonly #stall: StallWatch;
  #spooler: Spooler | undefined;
  #destination: DestinationPort | undefined;
  #limits: DestinationLimits | undefined;
  readonly #suspects = new SuspectWatch();
  /** Whether one message at a time is sent, since the destination closes at one of them. */
  #isOnTrial = false;
  /** The last end of a connection that a message was suspected for. */
  #blamedEnd: ConnectionError | undefined;
  #isPaused = false;
  #isPausedByRate = false;
  #rejection: string | undefined;
  #awaitsDrain = false;
  #isHeld = false;

  constructor(options: ForwarderOptions, waiting: WaitingQueue, events: SenderEvents) {
    this.#options = options;
    this.#waiting = waiting;
    this.#events = events;
    this.#stall = new StallWatch(options.stallTimeoutMs);
  }

  get isAttached(): boolean {
    return this.#destination !== undefined;
  }

  get inFlight(): Pick<InFlight, "length" | "bytes" | "oldest" | "toArray"> {
    return this.#inFlight;
  }

  /** Why the destination refused a message last; `undefined` once it has taken one since. */
  get rejection(): string | undefined {
    return this.#rejection;
  }

  /** Stalls of the destination since it last acknowledged a message. */
  get stalls(): number {
    return this.#stall.count;
  }

  /** QoS 1 messages in flight at most. */
  get window(): number {
    const { maxInflightMessages } = this.#options;
    return Math.min(maxInflightMessages, this.#limits?.receiveMaximum ?? maxInflightMessages);
  }

  useSpool(spooler: Spooler): void {
    this.#spooler = spooler;
  }

  attach(destination: DestinationPort, limits: DestinationLimits): void {
    this.#destination = destination;
    this.#limits = limits;
    this.#awaitsDrain = this.#isHeld = false;
    this.#isOnTrial = this.#suspects.isOnTrial;
    if (this.#isOnTrial) this.#pause(trialPauseMs);
    if (limits.sessionPresent) return;
    this.#waiting.forEach((entry) => (entry.destinationId = 0));
    this.#inFlight.forgetIds();
  }

  /** Sends nothing more on the connection of today. */
  hold(): void {
    this.#isHeld = true;
  }

  /** What was in flight goes back to the head of what waits, in its order; but for one that the destination closes at. */
  detach(error?: ConnectionError): void {
    this.#destination = undefined;
    const entries = this.#inFlight.takeAll();
    const guilty = this.#findGuilty(entries, error);
    if (guilty !== undefined) entries.shift();
    for (const entry of entries.reverse()) this.#waiting.putBack(entry);
    if (guilty === undefined) return;
    this.#inFlight.release(guilty.entry);
    this.#events.onRefused(guilty.entry, guilty.reason);
  }

  /** Whether the end of a connection was one message's fault, so that another connection helps. */
  survives(error: ConnectionError): boolean {
    return error === this.#blamedEnd;
  }

  /** Takes the destination's acknowledgement. */
  onPuback(packetId: number, reasonCode: number): void {
    const entry = this.#inFlight.settle(packetId);
    if (entry === undefined) return; // of a message that an earlier process sent in this session
    const verdict = judgeReasonCode("PUBACK", reasonCode);
    if (verdict === "accepted") this.#complete(entry);
    else if (verdict === "undeliverable")
      this.#events.onRefused(entry, `the destination refused it for good: ${nameReasonCode(reasonCode)}`);
    else this.#retryLater(entry, reasonCode);
  }

  /** Looks whether the destination has stopped to acknowledge. */
  checkStall(): void {
    if (this.#destination === undefined || !this.#stall.isStalled(this.#inFlight.oldest, this.#options.now())) return;
    this.#options.counters.stalls++;
    this.#options.onStalled();
  }

  /** Sends what may be sent: as long as something waits, the window has room and the destination takes it. */
  pump(): void {
    while (this.#destination !== undefined && !this.#isPaused && !this.#isHeld) {
      const waits = this.#waiting.peek();
      const entry = waits ?? this.#spooler?.peekTail();
      if (entry === undefined || !this.#events.maySend(entry) || !this.#hasRoom(entry) || this.#isHeldByRate(entry))
        break;
      if (this.#options.qos === 0 && this.#destination.pendingBytes > maxUnsentBytes) {
        this.#pumpOnceDrained(this.#destination);
        break;
      }
      if (waits === undefined) this.#spooler?.shiftTail();
      else this.#waiting.shift();
      this.#send(entry, this.#destination);
    }
    this.#events.onPumped();
  }

  #isHeldByRate(entry: Entry): boolean {
    if (entry.sequence === 0) return false;
    if (this.#isPausedByRate) return true;
    const waitMs = this.#spooler?.waitMs() ?? 0;
    if (waitMs === 0) return false;
    this.#isPausedByRate = true;
    this.#options.schedule(() => {
      this.#isPausedByRate = false;
      this.pump();
    }, waitMs);
    return true;
  }

  #hasRoom({ publish }: Entry): boolean {
    const { length, bytes } = this.#inFlight;
    if (this.#options.qos === 0 || length === 0) return true;
    return length < (this.#isOnTrial ? 1 : this.window) && bytes + publish.length <= this.#options.maxInflightBytes;
  }

  #pumpOnceDrained(destination: DestinationPort): void {
    if (this.#awaitsDrain) return;
    this.#awaitsDrain = true;
    destination.onceDrained(() => {
      if (this.#destination !== destination) return;
      this.#awaitsDrain = false;
      this.pump();
    });
  }

  #send(entry: Entry, destination: DestinationPort): void {
    const { counters, qos } = this.#options;
    const { retainAvailable = true, sessionPresent = false } = this.#limits ?? {};
    const isExpired = entry.publish.expirySeconds > 0 && this.#isExpired(entry);
    const problem = isExpired ? undefined : this.#findProblem(entry);
    if (isExpired || problem !== undefined) {
      this.#inFlight.release(entry);
      if (problem === undefined) this.#events.onExpired(entry);
      else this.#events.onRefused(entry, problem);
      return;
    }
    if (!retainAvailable && clearRetain(entry.publish)) counters.retainCleared++;
    if (entry.wasSent) counters.resent++;
    if (entry.sequence > 0) this.#spooler?.countSent(entry);
    if (qos > 0) this.#inFlight.add(entry, sessionPresent);
    entry.wasSent = true;
    destination.writePublish(entry.publish);
    if (qos > 0) return;
    if (entry.sourceId !== 0) counters.unconfirmed++;
    this.#complete(entry);
  }

  /** Takes the time that a message spent here from its message expiry interval: [MQTT-3.3.2-6]. */
  #isExpired({ publish, arrivedMs, wasSent, destinationId }: Entry): boolean {
    const waitedSeconds = Math.floor((this.#options.now() - arrivedMs) / 1000);
    if (waitedSeconds < 1) return false;
    const left = publish.expirySeconds - waitedSeconds;
    // One that a kept session knows has to be sent again, whatever its age: [MQTT-4.4.0-1]. 0 would be for ever to some.
    if (left <= 0 && !(wasSent && destinationId !== 0)) return true;
    stampExpiry(publish, Math.max(1, left));
    return false;
  }

  #findProblem(entry: Entry): string | undefined {
    const { length } = entry.publish;
    const most = this.#limits?.maximumPacketBytes ?? Infinity;
    if (length > most) return `it is ${length} bytes long, more than the destination's ${most}`;
    const isTooOld = entry.sequence > 0 && !entry.isDeadLetter && this.#spooler?.isTooOld(entry) === true;
    return isTooOld ? "it was on the disk for longer than spool.maxAgeSeconds" : undefined;
  }

  #complete(entry: Entry): void {
    this.#rejection = undefined;
    this.#stall.onProgress();
    if (this.#isOnTrial) this.#endTrial();
    this.#events.onDelivered(entry);
  }

  #retryLater(entry: Entry, reasonCode: number): void {
    const { counters, onTrouble } = this.#options;
    counters.rejected++;
    const remedy = remedyOfReasonCode(reasonCode);
    const reason = `${nameReasonCode(reasonCode)}${remedy === "" ? "" : `; ${remedy}`}`;
    this.#rejection = reason;
    onTrouble({ kind: "rejected", reason, topic: topicOfEntry(entry) });
    this.#waiting.putBack(entry);
    this.#pause(rejectionPauseMs);
  }

  /** Sends nothing for a while. */
  #pause(timeMs: number): void {
    if (this.#isPaused) return;
    this.#isPaused = true;
    this.#options.schedule(() => {
      this.#isPaused = false;
      this.pump();
    }, timeMs);
  }

  #endTrial(): void {
    this.#isOnTrial = false;
    this.#suspects.clear();
  }

  /** Judges the end of a connection; returns the message at which it ends each time, and why it is given up. */
  #findGuilty(
    [oldest, ...others]: readonly Entry[],
    error: ConnectionError | undefined,
  ): { readonly entry: Entry; readonly reason: string } | undefined {
    const { counters, now, onTrouble } = this.#options;
    const { delivered } = counters;
    const closings = this.#suspects.closings + 1;
    const closing = { oldest, inFlight: others.length + 1, error, nowMs: now(), delivered };
    const verdict = this.#suspects.judge(closing);
    if (oldest === undefined || error === undefined || verdict === "nothing") return undefined;
    this.#blamedEnd = error;
    const times = closings === 1 ? "" : `, ${closings} times in a row`;
    const reason = `the destination ends the connection when it is sent${times} (${error.message})`;
    if (verdict === "guilty") return { entry: oldest, reason };
    counters.suspected++;
    const topic = topicOfEntry(oldest);
    this.#rejection = `it ends the connection at a message with topic "${topic}"${times}`;
    onTrouble({ kind: "suspected", reason, topic });
    return undefined;
  }
}
