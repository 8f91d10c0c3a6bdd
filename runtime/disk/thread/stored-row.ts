import { crc32 } from "node:zlib";

import type { Row } from "../protocol.ts";

/** A row as SQLite gives it: where the file is damaged a column may be anything. */
export interface StoredRow {
  readonly sequence: number;
  readonly arrived_ms: number;
  readonly input_topic: string | null;
  readonly checksum: number;
  readonly packet: Uint8Array;
  readonly is_dead_letter: number;
}

const nothing = new Uint8Array(0);

/** Looks at what was read before anything is made of it. */
export function readRow(stored: StoredRow): Row {
  const damage = findDamage(stored);
  // The types say what was written, and not what a damaged file gives.
  const packet: unknown = stored.packet;
  const arrivedMs: unknown = stored.arrived_ms;
  const inputTopic: unknown = stored.input_topic;
  const bytes = ArrayBuffer.isView(packet) ? stored.packet : nothing;
  return {
    sequence: stored.sequence,
    arrivedMs: typeof arrivedMs === "number" ? arrivedMs : 0,
    inputTopic: typeof inputTopic === "string" ? inputTopic : undefined,
    packet: bytes,
    packetBytes: bytes.length,
    isDeadLetter: stored.is_dead_letter === 1,
    ...(damage === undefined ? {} : { damage }),
  };
}

function findDamage({ packet, arrived_ms, checksum }: StoredRow): string | undefined {
  if (!ArrayBuffer.isView(packet)) return "it has no packet";
  if (crc32(packet) !== checksum) return "its checksum is wrong";
  return Number.isFinite(arrived_ms) ? undefined : "it has no time of arrival";
}
