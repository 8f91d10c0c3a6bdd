import { hex } from "../../fuzz/cursor.ts";
import { judge } from "../../fuzz/oracle.ts";

/** Reason codes that a server may send, by type of packet. @see MQTT 5.0 §3.2.2.2, §3.4.2.1, §3.9.3, §3.11.3, §3.14.2.1, §3.15.2.1 */
const codesByType: { readonly [type: number]: string } = {
  2: "00 80 81 82 83 84 85 86 87 88 89 8a 8c 90 95 97 99 9a 9b 9c 9d 9f",
  4: "00 10 80 83 87 90 91 97 99",
  9: "00 01 02 80 83 87 8f 91 97 9e a1 a2",
  11: "00 11 80 83 87 8f 91",
  14: "00 80 81 82 83 87 89 8b 8d 8e 8f 90 93 94 95 96 97 98 99 9a 9b 9c 9d 9e 9f a0 a1 a2",
  15: "00 18",
};

const sessionExpiryInterval = 0x11;

/**
 * Says what a server may not send, by the standard's tables: the oracle of broker packets, and the reason codes.
 * @param authenticationMethod of the client's CONNECT, `""` for none
 */
export function serverFault(packet: Buffer, authenticationMethod = ""): string | undefined {
  const verdict = judge(packet, authenticationMethod);
  if (verdict.kind !== "accepted") return `${hex(packet)}: ${verdict.kind}`;
  const type = packet[0]! >> 4;
  if (type === 15 && authenticationMethod === "") return `${hex(packet)}: AUTH`; // [MQTT-4.12.0-6]
  const { code, codes = code === undefined ? [] : [code] } = verdict.fields as { code?: number; codes?: number[] };
  const allowed = codesByType[type]?.split(" ") ?? [];
  const wrong = codes.filter((one) => !allowed.includes(hex(Buffer.from([one]))));
  if (wrong.length > 0) return `${hex(packet)}: reason code ${wrong.join(", ")}`;
  // [MQTT-3.14.2-2]; properties stand behind the code and their length, of one byte here.
  return type === 14 && packet[4] === sessionExpiryInterval ? `${hex(packet)}: Session Expiry Interval` : undefined;
}
