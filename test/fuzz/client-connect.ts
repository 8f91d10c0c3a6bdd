import { forbid, readClientProperties } from "./client-properties.ts";
import { hex, Unreadable, type Cursor } from "./cursor.ts";

const versionUnsupported = 0x84;

/** §3.1.2, §3.1.3. Nothing behind a version other than 5 is judged: it is not of this specification. */
export function readConnect(cursor: Cursor, fields: Record<string, unknown>): void {
  if (!readProtocolName(cursor)) return;
  const version = cursor.byte();
  fields["version"] = version;
  if (version !== 5) return;
  const flags = cursor.byte();
  checkFlags(flags, cursor);
  fields["clean"] = (flags & 2) !== 0;
  fields["keepAlive"] = cursor.integer(2);
  fields["properties"] = readClientProperties(cursor, "connect");
  fields["clientId"] = hex(cursor.text());
  fields["will"] = (flags & 4) !== 0 ? readWill(flags, cursor) : undefined;
  fields["userName"] = (flags & 0x80) !== 0 ? hex(cursor.text()) : undefined;
  fields["password"] = (flags & 0x40) !== 0 ? hex(cursor.binary()) : undefined;
  if (cursor.left > 0) throw new Unreadable();
}

/** Whether it is that of MQTT. A server may answer another one as a version that it doesn't support. [MQTT-3.1.2-1] */
function readProtocolName(cursor: Cursor): boolean {
  const size = cursor.integer(2);
  if (size === 4 && Buffer.from(cursor.take(size)).toString("latin1") === "MQTT") return true;
  forbid(cursor);
  cursor.fault(versionUnsupported);
  return false;
}

/** [MQTT-3.1.2-3], [MQTT-3.1.2-11] to [MQTT-3.1.2-13] */
function checkFlags(flags: number, cursor: Cursor): void {
  const hasWill = (flags & 4) !== 0;
  const willQoS = (flags >> 3) & 3;
  const willRetain = (flags & 0x20) !== 0;
  if ((flags & 1) !== 0 || willQoS === 3) forbid(cursor);
  if (!hasWill && (willQoS > 0 || willRetain)) forbid(cursor);
}

/** §3.1.3.2 to §3.1.3.4 */
function readWill(flags: number, cursor: Cursor): Record<string, unknown> {
  const properties = readClientProperties(cursor, "will");
  const topic = hex(cursor.text());
  const payload = hex(cursor.binary());
  return { topic, payload, qos: (flags >> 3) & 3, retain: (flags & 0x20) !== 0, properties };
}
