import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Socket } from "node:net";
import { setTimeout as delay } from "node:timers/promises";

/** A port that leads to another one on this machine, and takes its time. */
export interface DelayedPort {
  readonly port: number;
  readonly close: () => Promise<void>;
}

export interface DelayedPortOptions {
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  /** Port on 127.0.0.1 that it leads to. */
  readonly target: number;
  /** Milliseconds by which each byte arrives later, in each direction; asked for every piece. */
  readonly delayMs: () => number;
}

/** Bytes on their way in one direction of one connection before it is read no further. */
const maxPendingBytes = 1024 * 1024;

/** @throws when the port is taken or the address is not of this machine */
export async function openDelayedPort({ host, port, target, delayMs }: DelayedPortOptions): Promise<DelayedPort> {
  const sockets = new Set<Socket>();
  const server = createServer({ noDelay: true, allowHalfOpen: true }, (near) => {
    const far = connect({ port: target, host: "127.0.0.1", noDelay: true, allowHalfOpen: true });
    for (const socket of [near, far]) {
      sockets.add(socket);
      socket.once("close", () => sockets.delete(socket));
    }
    carry(near, far, delayMs);
    carry(far, near, delayMs);
  });
  server.listen(port, host);
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    close: async () => {
      server.close();
      for (const socket of sockets) socket.destroy();
      await once(server, "close");
    },
  };
}

/** Takes bytes over in their order. A connection that breaks on one side breaks on the other. */
function carry(from: Socket, to: Socket, delayMs: () => number): void {
  let last = Promise.resolve();
  let pendingBytes = 0;
  from.on("data", (chunk: Buffer) => {
    const dueMs = performance.now() + delayMs();
    pendingBytes += chunk.length;
    if (pendingBytes > maxPendingBytes) from.pause();
    last = last.then(async () => {
      await waitUntil(dueMs);
      if (to.writable && !to.write(chunk)) await Promise.race([once(to, "drain"), once(to, "close")]);
      pendingBytes -= chunk.length;
      if (pendingBytes <= maxPendingBytes) from.resume();
    });
    last.catch(() => to.destroy());
  });
  from.on("end", () => {
    const dueMs = performance.now() + delayMs();
    void last.then(() => waitUntil(dueMs)).finally(() => to.end());
  });
  from.on("error", () => to.resetAndDestroy());
  from.once("close", () => {
    if (!from.readableEnded) to.destroy();
  });
}

async function waitUntil(dueMs: number): Promise<void> {
  const leftMs = dueMs - performance.now();
  if (leftMs > 0) await delay(leftMs);
}
