import type { Row, RowHeader } from "./protocol.ts";

/*
 * Rows on their way between the two threads. A structured clone of one object for each row costs more than writing it to the
 * disk: their numbers go in one array, and their packets in one buffer.
 */

/** Numbers of a row: sequence, time of arrival, bytes of its packet, whether it is a dead letter. */
const numbersOfRow = 4;

/** The headers of rows. */
export interface PackedHeaders {
  readonly numbers: Float64Array<ArrayBuffer>;
  /** The topics that they came with, by row; omitted where none has one. */
  readonly inputTopics?: readonly (string | undefined)[];
}

/** Rows with their packets. */
export interface PackedRows extends PackedHeaders {
  /** One behind the other. */
  readonly packets: Uint8Array<ArrayBuffer>;
  /** Why a row can't be used, by its place. */
  readonly damages?: readonly (readonly [row: number, reason: string])[];
}

export function packHeaders(rows: readonly RowHeader[]): PackedHeaders {
  const numbers = new Float64Array(rows.length * numbersOfRow);
  let at = 0;
  let hasTopics = false;
  for (const { sequence, arrivedMs, packetBytes, isDeadLetter, inputTopic } of rows) {
    numbers[at++] = sequence;
    numbers[at++] = arrivedMs;
    numbers[at++] = packetBytes;
    numbers[at++] = isDeadLetter ? 1 : 0;
    hasTopics ||= inputTopic !== undefined;
  }
  return hasTopics ? { numbers, inputTopics: rows.map(({ inputTopic }) => inputTopic) } : { numbers };
}

export function unpackHeaders({ numbers, inputTopics }: PackedHeaders): RowHeader[] {
  const rows: RowHeader[] = [];
  for (let at = 0; at < numbers.length; at += numbersOfRow) {
    rows.push({
      sequence: numbers[at] ?? 0,
      arrivedMs: numbers[at + 1] ?? 0,
      packetBytes: numbers[at + 2] ?? 0,
      isDeadLetter: numbers[at + 3] === 1,
      inputTopic: inputTopics?.[at / numbersOfRow],
    });
  }
  return rows;
}

/** Packs rows for a transfer of {@link transferOf}. A single row's packet is handed over as it is, which leaves it empty here. */
export function packRows(rows: readonly Row[]): PackedRows {
  const damages = rows.flatMap(({ damage }, row) => (damage === undefined ? [] : [[row, damage] as const]));
  const packed = { ...packHeaders(rows), packets: joinPackets(rows) };
  return damages.length === 0 ? packed : { ...packed, damages };
}

/** The buffers of packed rows that can be handed over. */
export function transferOf({ numbers, packets }: PackedRows): ArrayBuffer[] {
  return [numbers.buffer, packets.buffer];
}

export function unpackRows(packed: PackedRows): Row[] {
  const { packets, damages = [] } = packed;
  let start = 0;
  const rows: Row[] = unpackHeaders(packed).map((header) => ({
    ...header,
    packet: packets.subarray(start, (start += header.packetBytes)),
  }));
  for (const [index, damage] of damages) {
    const row = rows[index];
    if (row !== undefined) rows[index] = { ...row, damage };
  }
  return rows;
}

function joinPackets(rows: readonly Row[]): Uint8Array<ArrayBuffer> {
  const [first] = rows;
  if (rows.length === 1 && first !== undefined && isWhole(first.packet)) return first.packet;
  const packets = new Uint8Array(rows.reduce((sum, { packetBytes }) => sum + packetBytes, 0));
  let start = 0;
  for (const { packet } of rows) {
    packets.set(packet, start);
    start += packet.length;
  }
  return packets;
}

/** Whether bytes are all of their buffer, which can be handed over then. */
function isWhole(bytes: Uint8Array): bytes is Uint8Array<ArrayBuffer> {
  return bytes.buffer instanceof ArrayBuffer && bytes.length > 0 && bytes.length === bytes.buffer.byteLength;
}
