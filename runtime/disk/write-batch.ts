import { textBytes } from "../memory/text-bytes.ts";
import type { DeadLetter, RowHeader, WriteRequest } from "./protocol.ts";

const firstBytes = 16_384;

/** Gathers the changes of one queue until they are handed to the thread that writes. Packets are copied as they come. */
export class WriteBatch {
  #packets = new Uint8Array(firstBytes);
  #bytes = 0;
  /** Bytes of the topics beside them. */
  #topicBytes = 0;
  #rows: RowHeader[] = [];
  #removed: number[] = [];
  #deadLetters: DeadLetter[] = [];
  #filters: readonly string[] | undefined;
  #isLossSettled = false;

  /** Bytes that it takes in memory. */
  get bytes(): number {
    return this.#bytes + this.#topicBytes;
  }

  get isEmpty(): boolean {
    const changes = this.#rows.length + this.#removed.length + this.#deadLetters.length;
    return changes === 0 && this.#filters === undefined && !this.#isLossSettled;
  }

  addRow(row: RowHeader, packet: Uint8Array): void {
    this.#reserve(packet.length);
    this.#packets.set(packet, this.#bytes);
    this.#bytes += packet.length;
    this.#topicBytes += textBytes(row.inputTopic);
    this.#rows.push(row);
  }

  remove(sequence: number): void {
    this.#removed.push(sequence);
  }

  addDeadLetter(deadLetter: DeadLetter): void {
    this.#deadLetters.push(deadLetter);
  }

  setFilters(filters: readonly string[]): void {
    this.#filters = filters;
  }

  settleLoss(): void {
    this.#isLossSettled = true;
  }

  /** Hands over what was gathered and begins anew. The packets' buffer is the request's own, to be transferred. */
  take(queue: string, batch: number, clockMs: number): WriteRequest & { readonly packets: Uint8Array<ArrayBuffer> } {
    const packets = this.#bytes === 0 ? new Uint8Array(0) : this.#packets;
    const filters = this.#filters;
    const isLossSettled = this.#isLossSettled;
    const request = { rows: this.#rows, removed: this.#removed, deadLetters: this.#deadLetters, packets };
    if (this.#bytes > 0) this.#packets = new Uint8Array(firstBytes);
    this.#bytes = this.#topicBytes = 0;
    this.#rows = [];
    this.#removed = [];
    this.#deadLetters = [];
    this.#filters = undefined;
    this.#isLossSettled = false;
    const rare = { ...(filters === undefined ? {} : { filters }), ...(isLossSettled ? { isLossSettled } : {}) };
    return { kind: "write", queue, batch, clockMs, ...request, ...rare };
  }

  #reserve(bytes: number): void {
    const needed = this.#bytes + bytes;
    if (needed <= this.#packets.length) return;
    const larger = new Uint8Array(Math.max(needed, this.#packets.length * 2));
    larger.set(this.#packets.subarray(0, this.#bytes));
    this.#packets = larger;
  }
}
