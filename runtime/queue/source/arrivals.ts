import type { EncodedPublish, PublishView } from "../../mqtt/publish.ts";
import type { LossReason } from "../../report/counters.ts";
import type { Undeliverable } from "../../rewrite/patch.ts";
import { encodeReadable, topicAlone } from "../../rewrite/readable.ts";
import type { Backlog } from "../backlog.ts";
import { createEntry, safeEntry, type Entry } from "../entry.ts";
import type { Intake } from "./intake.ts";
import type { ForwarderOptions, MessageTrace } from "../ports.ts";
import type { QueueStatus } from "../queue-status.ts";
import type { SourceEvents, SourceSide, UnwantedOrigin } from "./source-side.ts";

/** Why a message is not forwarded. */
const filterRemoved = "no filter of the configuration asks for it; the session still holds an older one";

const noRoom = "the destination took none in time, and QoS 0 waits for nobody";

/** What a message that has arrived does to the rest of the queue. */
export interface ArrivalEvents {
  /** Whether the dataflow accepts messages. */
  readonly isRunning: () => boolean;
  readonly isDestinationThere: () => boolean;
  /** Bytes of a packet that the destination takes at most, as far as is known; only what is added here is measured by it. */
  readonly longestPacket: () => number;
  readonly status: () => Pick<QueueStatus, "hasRoomForQos0">;
  /** It can't be delivered, and no destination topic was made for it. */
  readonly onUndeliverable: (entry: Entry, reason: string) => void;
  readonly onLost: (kind: LossReason, reason: string, topic: string) => void;
  /** Something may be sent now. */
  readonly pump: () => void;
}

type ArrivalOptions = Pick<ForwarderOptions, "patch" | "qos" | "undeliverable" | "counters" | "now" | "tap" | "tracer">;

/** Takes what the sources of a dataflow send into its queue. */
export class Arrivals {
  readonly #options: ArrivalOptions;
  readonly #intake: Intake;
  readonly #backlog: Backlog;
  readonly #events: ArrivalEvents;

  constructor(options: ArrivalOptions, intake: Intake, backlog: Backlog, events: ArrivalEvents) {
    this.#options = options;
    this.#intake = intake;
    this.#backlog = backlog;
    this.#events = events;
  }

  /** For the sources whose messages these are. */
  get events(): Pick<SourceEvents, "onPublish" | "onUnwanted" | "roomFor" | "onPassedOver" | "onLeft"> {
    return {
      onPublish: this.onPublish.bind(this),
      onUnwanted: this.onUnwanted.bind(this),
      roomFor: (bytes) => (this.#events.isRunning() ? this.#intake.ask(bytes) : undefined),
      onPassedOver: this.onPassedOver.bind(this),
      onLeft: this.onLeft.bind(this),
    };
  }

  onPublish(view: PublishView, side: SourceSide, problem?: string): void {
    const { onLost, isRunning, status, isDestinationThere, pump } = this.#events;
    if (!isRunning()) {
      // With QoS 1 it is left unacknowledged: the session keeps it for the next process.
      if (view.qos === 0)
        onLost("stopping", "it came while the relay was stopping, and QoS 0 waits for nobody", view.topic);
      return;
    }
    this.#count(view);
    const { patch, tap, tracer } = this.#options;
    // Before the patch, which may move a large message within its own bytes.
    const trace = tracer === undefined || problem !== undefined ? undefined : tracer.begin(view);
    const publish =
      problem !== undefined ? { undeliverable: problem } : trace === undefined ? patch(view) : this.#trace(view, trace);
    if (tap.wantsOne) tap.take(view, publish);
    if ("undeliverable" in publish) {
      this.#giveUp(view, side, publish.undeliverable, trace);
      return;
    }
    if (view.qos === 0 && !status().hasRoomForQos0) {
      trace?.onTrouble("qos0_no_room", noRoom);
      trace?.onDone();
      onLost("qos0_no_room", noRoom, view.topic);
      return;
    }
    this.#backlog.push(this.#accept(publish, view, side, trace), isDestinationThere());
    pump();
  }

  /** Takes a message that is not to be forwarded. */
  onUnwanted(view: PublishView, side: SourceSide, origin: UnwantedOrigin): void {
    if (!this.#events.isRunning()) return;
    this.#options.counters.received++;
    if (origin === "copy") this.#options.counters.copiesDropped++;
    else this.#events.onLost("filter_removed", filterRemoved, view.topic);
    if (view.qos === 0) return;
    side.expectAcknowledgement(safeEntry(view.packetId, side.session));
    side.release();
  }

  /** Takes what is left of a message that could not be held. */
  onPassedOver(view: PublishView, bytes: number, side: SourceSide): void {
    if (!this.#events.isRunning()) return;
    this.#count(view);
    const { longestBytes } = this.#intake;
    const remedy = "give the relay more memory, or let its publisher send smaller messages";
    this.#giveUp(view, side, `it is ${bytes} bytes long, and there is memory for ${longestBytes}; ${remedy}`);
  }

  /** Takes a message of QoS 0 for which there is no room. */
  onLeft(view: PublishView): void {
    if (!this.#events.isRunning()) return;
    this.#count(view);
    const reason = "dead letters for the source fill the memory, and QoS 0 waits for nobody";
    this.#events.onLost("qos0_no_room", reason, view.topic);
  }

  /** Makes what is forwarded of a message with a trace; without, where it would be too long with it. */
  #trace(view: PublishView, { carried }: MessageTrace): EncodedPublish | Undeliverable {
    const { patch } = this.#options;
    if (carried === undefined) return patch(view);
    const publish = patch(view, carried);
    if (!carried.isNew || "undeliverable" in publish) return publish;
    return publish.length > this.#events.longestPacket() ? patch(view) : publish;
  }

  #count({ dup }: PublishView): void {
    const { counters } = this.#options;
    counters.received++;
    if (dup) counters.redelivered++;
  }

  /** Gives up a message as it arrives, as the dataflow's policy says. */
  #giveUp(view: PublishView, side: SourceSide, reason: string, trace?: MessageTrace): void {
    const { undeliverable, qos } = this.#options;
    const publish = undeliverable === "DeadLetter" ? encodeReadable(view, qos) : topicAlone(view);
    const entry = this.#accept(publish, view, side, trace);
    this.#events.onUndeliverable(entry, reason);
    this.#events.pump();
  }

  /** A message is here; a source that wants an acknowledgement for it waits for it from now on. */
  #accept(publish: EncodedPublish, view: PublishView, side: SourceSide, trace: MessageTrace | undefined): Entry {
    const entry = createEntry(publish, view.packetId, side.session, this.#options.now());
    entry.trace = trace;
    if (view.qos > 0) side.expectAcknowledgement(entry);
    // Not `view.end`: that is where it ends among others, unless its bytes are its own.
    if (!publish.isReusable) this.#intake.count(publish.length); // else whoever made the buffer has counted it
    if (view.room !== undefined && this.#intake.isLarge(view.end)) {
      entry.room = view.room;
      view.room = undefined;
    }
    return entry;
  }
}
