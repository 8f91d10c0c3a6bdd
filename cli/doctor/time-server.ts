import { createSocket } from "node:dgram";
import { isIPv6 } from "node:net";

import type { HostAddress } from "../../runtime/contract/config/endpoint.ts";
import { lookUps } from "../../runtime/transport/look-up.ts";
import { describeStreamError } from "../../runtime/transport/tls-failure.ts";
import type { ClockSign } from "./clock.ts";
import { Reporter, type Report } from "./finding.ts";

/** Seconds from the epoch of NTP, 1900, to that of Unix. @see RFC 5905 §6 */
const epochSeconds = 2_208_988_800;
const packetBytes = 48;
/** Leap indicator 0, version 4, mode 3 (client). */
const request = 0x23;
const serverMode = 4;
/** Leap indicator of a server that does not know the time. */
const unsynchronised = 3;
/** Where the server's own time stands in its answer. */
const transmitAt = 40;
const timeoutMs = 5000;

/** Asks an NTP server for the time once; `undefined`, which is reported, when it does not answer. @see RFC 5905, SNTP */
export async function askTime({ hostname, port }: HostAddress, report: Report): Promise<ClockSign | undefined> {
  const name = `${hostname}:${port}`;
  try {
    const [found] = await lookUps.find(hostname, AbortSignal.timeout(timeoutMs));
    const { serverMs, localMs } = await exchange(found?.address ?? hostname, port);
    return { aheadMs: localMs - serverMs, isLeast: false, than: `that of ${name}` };
  } catch (cause) {
    const remedy = "give an NTP server that this machine reaches (UDP)";
    new Reporter("this machine", report).unknown("clock", `${name}: ${describeStreamError(cause)}`, remedy);
    return undefined;
  }
}

async function exchange(address: string, port: number): Promise<{ serverMs: number; localMs: number }> {
  const socket = createSocket(isIPv6(address) ? "udp6" : "udp4");
  const timer = setTimeout(() => socket.emit("error", new Error("no answer")), timeoutMs);
  try {
    return await new Promise((resolve, reject) => {
      socket.once("error", reject);
      const sentMs = Date.now();
      socket.on("message", (answer) => {
        if (answer.length < packetBytes || ((answer[0] ?? 0) & 7) !== serverMode) return;
        if ((answer[0] ?? 0) >> 6 === unsynchronised) {
          reject(new Error("it does not know the time itself"));
          return;
        }
        const serverMs = readTime(answer, transmitAt);
        // The answer was made half a round trip ago, as far as anybody can tell.
        resolve({ serverMs, localMs: (sentMs + Date.now()) / 2 });
      });
      const packet = Buffer.alloc(packetBytes);
      packet[0] = request;
      socket.send(packet, port, address);
    });
  } finally {
    clearTimeout(timer);
    socket.close();
  }
}

function readTime(packet: Buffer, at: number): number {
  const given = packet.readUInt32BE(at);
  // The count begins anew in 2036.
  const seconds = (given < epochSeconds ? given + 2 ** 32 : given) - epochSeconds;
  return (seconds + packet.readUInt32BE(at + 4) / 2 ** 32) * 1000;
}
