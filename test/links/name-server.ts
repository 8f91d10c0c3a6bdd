import { createSocket } from "node:dgram";
import { once } from "node:events";

/** A DNS server that knows the names of a test. */
export interface NameServer {
  /** Answers a name with these IPv4 addresses, in this order. */
  set(name: string, addresses: readonly string[]): void;
  /** Answers queries for a name no more, until {@link set}. */
  silence(name: string): void;
  /** Queries for a name so far, those for IPv6 addresses included. */
  queries(name: string): number;
  close(): void;
}

const headerBytes = 12;
/** Type, class, TTL, length and address after a pointer to the name in the question. */
const answerBytes = 16;
const typeA = 1;
const noSuchName = 3;
const ttlSeconds = 1;

/** Listens on UDP port 53 of an address. */
export async function startNameServer(address: string): Promise<NameServer> {
  const table = new Map<string, readonly string[] | "silent">();
  const asked: string[] = [];
  const socket = createSocket("udp4", (query, from) => {
    const { name, type, end } = readQuestion(query);
    asked.push(name);
    const known = table.get(name);
    if (known === "silent") return;
    const addresses = type === typeA ? (known ?? []) : [];
    const answer = Buffer.concat([query.subarray(0, end), ...addresses.map(addressRecord)]);
    answer.writeUInt16BE(0x8180 | (known === undefined ? noSuchName : 0), 2); // a response, recursion available
    answer.writeUInt16BE(addresses.length, 6);
    answer.fill(0, 8, headerBytes); // neither authority nor additional records
    socket.send(answer, from.port, from.address);
  });
  socket.bind(53, address);
  await once(socket, "listening");
  return {
    set: (name, addresses) => void table.set(name, addresses),
    silence: (name) => void table.set(name, "silent"),
    queries: (name) => asked.filter((one) => one === name).length,
    close: () => {
      socket.close();
    },
  };
}

/** The first question of a query, and where it ends. @see RFC 1035 §4.1.2 */
function readQuestion(query: Buffer): { name: string; type: number; end: number } {
  const labels: string[] = [];
  let at = headerBytes;
  for (let length = query[at] ?? 0; length > 0; length = query[at] ?? 0) {
    labels.push(query.toString("latin1", at + 1, at + 1 + length));
    at += 1 + length;
  }
  return { name: labels.join(".").toLowerCase(), type: query.readUInt16BE(at + 1), end: at + 5 };
}

/** @see RFC 1035 §4.1.3 */
function addressRecord(address: string): Buffer {
  const record = Buffer.alloc(answerBytes);
  record.writeUInt16BE(0xc000 | headerBytes, 0);
  record.writeUInt16BE(typeA, 2);
  record.writeUInt16BE(1, 4);
  record.writeUInt32BE(ttlSeconds, 6);
  record.writeUInt16BE(4, 10);
  record.set(address.split(".").map(Number), 12);
  return record;
}
