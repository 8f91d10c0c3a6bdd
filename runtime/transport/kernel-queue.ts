import { Socket } from "node:net";
import { endianness } from "node:os";
import type { Duplex } from "node:stream";

import { readBoundedFile } from "../bounded-file.ts";

/** The socket under a stream that is none itself, such as a WebSocket. */
const carriers = new WeakMap<Duplex, Duplex>();

/** Says on which stream another one is carried, so that its socket is found. */
export function nameCarrier(stream: Duplex, carrier: Duplex): void {
  carriers.set(stream, carrier);
}

/** The TCP socket that carries a stream, under TLS, a tunnel and WebSockets. */
function socketOf(stream: Duplex): Socket | undefined {
  let lowest = stream;
  for (let carrier = carriers.get(lowest); carrier !== undefined; carrier = carriers.get(lowest)) lowest = carrier;
  return lowest instanceof Socket ? lowest : undefined;
}

/**
 * Bytes that the socket of a stream has read: they grow also while a large WebSocket frame comes in, of which the stream shows
 * nothing yet. `undefined` for a stream in memory.
 */
export function receivedBytes(stream: Duplex): number | undefined {
  return socketOf(stream)?.bytesRead;
}

/** What the kernel holds for a peer. */
export interface SendQueue {
  /** Bytes, sent or not, that the peer's TCP has not acknowledged. */
  readonly bytes: number;
  /** Whether the peer's TCP answers, and says that it has no room: something behind it takes the bytes slowly, or not at all. */
  readonly isWindowClosed: boolean;
}

/**
 * Reads what the kernel holds for the peer of a stream. It takes megabytes at once, and without this nothing would be seen of
 * them on a slow link until the peer answers.
 *
 * Reads the kernel's table of connections: fine a few times a minute, too slow for each message.
 *
 * @returns `undefined` where it can't be told: on other systems than Linux, for a stream in memory, and where there are more
 *   than about 27,000 connections
 */
export async function readSendQueue(stream: Duplex): Promise<SendQueue | undefined> {
  const socket = socketOf(stream);
  if (process.platform !== "linux" || socket?.remoteAddress === undefined) return undefined;
  const { localPort = 0, remotePort = 0, remoteAddress, remoteFamily } = socket;
  const table = remoteFamily === "IPv6" ? "/proc/self/net/tcp6" : "/proc/self/net/tcp";
  try {
    return findSendQueue((await readBoundedFile(table, tableBound)).toString("latin1"), {
      localPort,
      remotePort,
      remoteAddress,
    });
  } catch {
    return undefined; // no such file in this sandbox, or too many connections
  }
}

/** It lists every connection of the pod, or of the node with its network: whoever connects makes it longer. */
const tableBound = { bytes: 4_194_304, reason: "what 27,000 connections take" };

/** Which connection is looked for. */
export interface ConnectionEnds {
  readonly localPort: number;
  readonly remotePort: number;
  readonly remoteAddress: string;
}

/**
 * Finds the send queue of a connection in the text of `/proc/net/tcp` or `tcp6`.
 * @returns `undefined` when it is not there, or can't be told from another one
 * @see Linux, Documentation/networking/proc_net_tcp.rst
 */
export function findSendQueue(
  table: string,
  { localPort, remotePort, remoteAddress }: ConnectionEnds,
): SendQueue | undefined {
  // `  12: 0100007F:9C40 0100007F:075B 01 00000010:00000000 04:00000020 00000000     0        1 …`: local and remote, state,
  // send and receive queue, timer, retransmissions, user, probes of a closed window that nobody has answered.
  const line = new RegExp(
    `^ *\\d+: [0-9A-F]+:${hexPort(localPort)} ([0-9A-F]+):${hexPort(remotePort)} [0-9A-F]{2} ([0-9A-F]{8}):[0-9A-F]{8} ([0-9A-F]{2}):[0-9A-F]{8} [0-9A-F]{8} +\\d+ +(\\d+) `,
    "gm",
  );
  const found = [...table.matchAll(line)];
  // One local port may serve connections to several hosts.
  const own = found.length < 2 ? found : found.filter(([, remote]) => remote === hexAddress(remoteAddress));
  const [, , bytes, timer, unanswered] = own.length === 1 ? (own[0] ?? []) : [];
  if (bytes === undefined) return undefined;
  return {
    bytes: Number.parseInt(bytes, 16),
    isWindowClosed: timer === zeroWindowProbe && Number(unanswered) < deadProbes,
  };
}

/** The timer that runs while the peer has no room and all that it was sent is acknowledged. */
const zeroWindowProbe = "04";
/** So many probes without an answer say that the peer has gone, whatever its window was. */
const deadProbes = 3;

function hexPort(port: number): string {
  return port.toString(16).toUpperCase().padStart(4, "0");
}

/** An IPv4 address as the table has it: as a number in the byte order of this machine. */
function hexAddress(address: string): string | undefined {
  const bytes = Buffer.from(address.split(".").map(Number));
  if (bytes.length !== 4) return undefined;
  return (endianness() === "LE" ? bytes.reverse() : bytes).toString("hex").toUpperCase();
}
