import type { QueuePort } from "../../../runtime/disk/spooler.ts";
import type { Row } from "../../../runtime/disk/spool.ts";

/** What a {@link FakeDisk} tells. */
export interface DiskEvents {
  readonly onCommitted: (sequence: number) => void;
  readonly onRows: (rows: readonly Row[], largeBytes?: number) => void;
}

/** A disk that writes and reads when it is told to, and outlives the process that used it. */
export class FakeDisk {
  readonly rows = new Map<number, Row>();
  lastSequence = 0;
  /** Whether it says that it can't write. */
  isFailing = false;
  /** Bytes by which a message counts for more until it is committed: what it takes of a page shows only then. */
  countedAboveBytes = 0;
  #pending: (() => void)[] = [];

  /** The queue of a process, until the next one opens it. */
  open(events: () => DiskEvents): QueuePort {
    this.#pending = [];
    let appended: Row[] = [];
    let removed: { sequence: number; packetBytes: number }[] = [];
    const pending = this.#pending;
    const isFailing = () => this.isFailing;
    const commit = () => {
      for (const row of appended) this.rows.set(row.sequence, row);
      for (const { sequence } of removed) this.rows.delete(sequence);
      queue.takenBytes -= removed.reduce((sum, { packetBytes }) => sum + packetBytes, 0);
      queue.takenBytes -= appended.length * this.countedAboveBytes;
      queue.writingBytes -= appended.reduce((sum, { packetBytes }) => sum + packetBytes, 0);
      const last = appended.at(-1)?.sequence ?? 0;
      this.lastSequence = Math.max(this.lastSequence, last);
      appended = [];
      removed = [];
      events().onCommitted(last);
    };
    const schedule = (act: () => void) => void pending.push(act);
    const queue = {
      lastSequence: this.lastSequence,
      messages: this.rows.size,
      takenBytes: [...this.rows.values()].reduce((sum, { packetBytes }) => sum + packetBytes, 0),
      writingBytes: 0,
      get trouble() {
        return isFailing() ? "it fails" : undefined;
      },
      append: (packet: Uint8Array, arrivedMs: number, inputTopic: string | undefined, isDeadLetter = false) => {
        const sequence = ++queue.lastSequence;
        queue.messages++;
        queue.takenBytes += packet.length + this.countedAboveBytes;
        queue.writingBytes += packet.length;
        const packetBytes = packet.length;
        appended.push({ sequence, arrivedMs, inputTopic, packetBytes, isDeadLetter, packet: Buffer.from(packet) });
        schedule(commit);
        return sequence;
      },
      remove: (sequence: number, packetBytes: number) => {
        queue.messages--;
        removed.push({ sequence, packetBytes });
        schedule(commit);
      },
      read: (after: number, maxMessages: number, _maxBytes: number, mostBytes = Infinity) => {
        schedule(() => {
          commit();
          const behind = [...this.rows.values()].filter(({ sequence }) => sequence > after);
          const found = behind.sort((a, b) => a.sequence - b.sequence).slice(0, Math.min(maxMessages, 3));
          const tooLarge = found.findIndex(({ packetBytes }) => packetBytes > mostBytes);
          if (tooLarge === 0) events().onRows([], found[0]?.packetBytes);
          else events().onRows(tooLarge < 0 ? found : found.slice(0, tooLarge));
        });
      },
      arrivalOf: ({ arrivedMs }: Row) => arrivedMs,
    };
    return queue;
  }

  /** Does the next thing that was asked for; tells whether there was one. */
  work(): boolean {
    const act = this.#pending.shift();
    act?.();
    return act !== undefined;
  }
}
