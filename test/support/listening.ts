import { readdirSync, readFileSync, readlinkSync } from "node:fs";

import { processTree } from "../../bench/measure/process-usage.ts";

/** State of a socket that listens. @see Linux, include/net/tcp_states.h */
const listenState = "0A";

/**
 * The addresses that a process and its living descendants listen on with TCP: `["127.0.0.1:9600", "[::]:80"]`. Linux only.
 * @see proc_net_tcp(5)
 */
export function listeningAddresses(pid: number): string[] {
  return [...processTree(pid)].flatMap((one) => {
    const sockets = socketsOf(one);
    return [...rowsOf(one, "tcp"), ...rowsOf(one, "tcp6")]
      .filter(({ state, inode }) => state === listenState && sockets.has(inode))
      .map(({ address }) => address);
  });
}

interface SocketRow {
  readonly address: string;
  readonly state: string;
  readonly inode: string;
}

function rowsOf(pid: number, table: "tcp" | "tcp6"): SocketRow[] {
  return read(() => readFileSync(`/proc/${pid}/net/${table}`, "utf8").split("\n").slice(1, -1), []).map((line) => {
    const fields = line.trim().split(/\s+/);
    return { address: formatAddress(fields[1] ?? ""), state: fields[3] ?? "", inode: fields[9] ?? "" };
  });
}

/** `0100007F:2580` → `127.0.0.1:9600`: words of 32 bits in the order of the machine, which is little-endian here. */
function formatAddress(hex: string): string {
  const [host = "", port = ""] = hex.split(":");
  const words = host.match(/.{8}/g) ?? [];
  const bytes = words.flatMap((word) => (word.match(/../g) ?? []).reverse());
  if (bytes.length === 4)
    return `${bytes.map((byte) => Number.parseInt(byte, 16)).join(".")}:${Number.parseInt(port, 16)}`;
  const groups = (bytes.join("").match(/.{4}/g) ?? []).join(":");
  const { hostname } = new URL(`http://[${groups}]`);
  return `${hostname}:${Number.parseInt(port, 16)}`;
}

/** Inodes of the sockets that a process has open. */
function socketsOf(pid: number): Set<string> {
  const folder = `/proc/${pid}/fd`;
  const links = read(() => readdirSync(folder), []).map((name) => read(() => readlinkSync(`${folder}/${name}`), ""));
  return new Set(links.flatMap((link) => /^socket:\[(\d+)\]$/.exec(link)?.[1] ?? []));
}

/** What has ended meanwhile has nothing to read. */
function read<T>(act: () => T, otherwise: T): T {
  try {
    return act();
  } catch {
    return otherwise;
  }
}
