import { describeError } from "../contract/errors.ts";
import type { Room } from "../memory/lane.ts";
import { encodePublish, PublishView, type EncodedPublish } from "../mqtt/publish.ts";
import { Slab } from "../mqtt/slab.ts";
import type { Row, SpoolQueue } from "./spool.ts";

/** The memory for what goes to the disk and comes back. */
export interface SpoolMemory {
  /** Bytes on their way there at most, those of a portion that is read, and of a message that needs no room of its own. */
  readonly portionBytes: number;
  /** Room for a larger message. */
  readonly roomFor: (bytes: number) => Room;
  /** Counts bytes that were allocated. */
  readonly allocated: (bytes: number) => void;
}

const readMessages = 500;

/** Reads a dataflow's messages back from the disk: in portions, and those that are larger alone, once there is room. */
export class ReadBack {
  readonly #queue: Pick<SpoolQueue, "read">;
  readonly #memory: SpoolMemory;
  readonly #qos: 0 | 1;
  /** Whether messages were asked for, and have not come. */
  isUnderWay = false;
  /** For the message that is being read alone. */
  #room: Room | undefined;
  readonly #view = new PublishView();
  readonly #slab = new Slab();

  constructor(queue: Pick<SpoolQueue, "read">, memory: SpoolMemory, qos: 0 | 1) {
    this.#queue = queue;
    this.#memory = memory;
    this.#qos = qos;
  }

  /** Asks for the messages behind one. */
  start(after: number): void {
    const { portionBytes } = this.#memory;
    this.isUnderWay = true;
    this.#queue.read(after, readMessages, portionBytes, portionBytes);
  }

  /** Asks for the message behind one, which is too long for a portion: once there is room for it. */
  startLarge(after: number, bytes: number): void {
    this.#room?.release();
    const room = this.#memory.roomFor(bytes);
    this.isUnderWay = true;
    this.#room = room;
    const read = () => {
      this.#queue.read(after, 1, bytes, bytes);
    };
    if (room.isGranted) read();
    else room.onGranted = read;
  }

  /** Withdraws what waits for room; tells whether nothing is under way then. */
  withdraw(): boolean {
    if (this.isUnderWay && this.#room?.isGranted === false) {
      this.#room.release();
      this.#room = undefined;
      this.isUnderWay = false;
    }
    return !this.isUnderWay;
  }

  /** The room of a message that was read alone; whoever takes it owns it. */
  takeRoom(): Room | undefined {
    const room = this.#room;
    this.#room = undefined;
    return room;
  }

  /** What was asked for has come. */
  end(): void {
    this.isUnderWay = false;
  }

  /** Encodes a message anew: the destination's QoS may have changed since it was written. A text says why it is damaged. */
  encode({ packet, inputTopic, damage }: Row): EncodedPublish | string {
    if (damage !== undefined) return damage;
    const bytes = Buffer.from(packet.buffer, packet.byteOffset, packet.length);
    try {
      const view = this.#view.readPacket(bytes).scanProperties();
      // A large one is sent as it lies there.
      view.isOwn = bytes.byteOffset === 0 && bytes.length === bytes.buffer.byteLength;
      this.#memory.allocated(2 * bytes.length);
      return encodePublish(view, { qos: this.#qos, retain: view.retain, inputTopic }, this.#slab);
    } catch (cause) {
      return `it is no PUBLISH: ${describeError(cause)}`;
    } finally {
      this.#view.leave();
    }
  }
}
