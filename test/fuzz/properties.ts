import { hex, protocolError, Unreadable, type Cursor } from "./cursor.ts";

export type Value = number | string;

/** How a value is read. What may be repeated is named in the plural, and so is "pairs": a name and a value each. */
export type Kind =
  | "bit"
  | "two"
  | "four"
  | "positive two"
  | "positive four"
  | "identifier"
  | "identifiers"
  | "text"
  | "binary"
  | "pairs"
  | ((cursor: Cursor) => Value);

/** Which packets have which property (table 2-4 of the specification), and of what kind it is. */
export type PropertyTable<Packet> = Readonly<Record<number, readonly [kind: Kind, ...packets: Packet[]]>>;

/** Identifiers and values, in the order of their coming. §2.2.2 */
export function readProperties<Packet>(
  cursor: Cursor,
  packet: Packet,
  table: PropertyTable<Packet>,
): [identifier: number, value: Value][] {
  const found: [number, Value][] = [];
  const seen = new Set<number>();
  const part = cursor.part(cursor.variable());
  while (part.left > 0) {
    const identifier = part.byte();
    const row = table[identifier];
    if (row === undefined) throw new Unreadable();
    const [kind, ...packets] = row;
    if (!packets.includes(packet)) throw new Unreadable();
    found.push([identifier, readValue(part, kind)]);
    if (seen.has(identifier) && kind !== "pairs" && kind !== "identifiers") part.fault(protocolError);
    seen.add(identifier);
  }
  return found;
}

function readValue(cursor: Cursor, kind: Kind): Value {
  if (typeof kind === "function") return kind(cursor);
  switch (kind) {
    case "bit":
      return bounded(cursor, cursor.byte(), 0, 1);
    case "two":
      return cursor.integer(2);
    case "four":
      return cursor.integer(4);
    case "positive two":
      return bounded(cursor, cursor.integer(2), 1);
    case "positive four":
      return bounded(cursor, cursor.integer(4), 1);
    case "identifier":
    case "identifiers":
      return bounded(cursor, cursor.variable(), 1);
    case "text":
      return hex(cursor.text());
    case "binary":
      return hex(cursor.binary());
    case "pairs":
      return `${hex(cursor.text())}=${hex(cursor.text())}`;
  }
}

function bounded(cursor: Cursor, value: number, least: number, most = Infinity): number {
  if (value < least || value > most) cursor.fault(protocolError);
  return value;
}
