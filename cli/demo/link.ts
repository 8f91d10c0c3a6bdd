import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Socket } from "node:net";
import { setTimeout as delay } from "node:timers/promises";

/** How bytes cross. */
export type LinkState = "whole" | "slow" | "cut";

/** A link between the relay and a broker whose state can be changed while it is used. */
export interface Link {
  /** Port on 127.0.0.1 that leads to the broker. */
  readonly port: number;
  readonly set: (state: LinkState) => void;
  readonly close: () => Promise<void>;
}

/** A slow link: the speed of a bad mobile connection, and the time that a packet takes. */
const slowBytesPerSecond = 24 * 1024;
const slowDelayMs = 300;
const loopback = "127.0.0.1";

/** Opens a link to a port on this machine. */
export async function openLink(port: number): Promise<Link> {
  const sockets = new Set<Socket>();
  let state: LinkState = "whole";
  const server = createServer({ noDelay: true }, (near) => {
    join(near, connect({ port, host: loopback, noDelay: true }), sockets, () => state);
  });
  server.listen(0, loopback);
  await once(server, "listening");
  const near = (server.address() as AddressInfo).port;
  const cut = () => {
    if (server.listening) server.close();
    for (const socket of sockets) socket.destroy();
  };
  return {
    port: near,
    set: (next) => {
      if (next === "cut") cut();
      else if (!server.listening) server.listen(near, loopback);
      state = next;
    },
    close: async () => {
      const isListening = server.listening;
      cut();
      if (isListening) await once(server, "close");
    },
  };
}

/** Both ends live and die together. */
function join(near: Socket, far: Socket, sockets: Set<Socket>, state: () => LinkState): void {
  for (const [one, other] of [
    [near, far],
    [far, near],
  ] as const) {
    sockets.add(one);
    one.on("error", () => other.destroy());
    one.once("close", () => {
      sockets.delete(one);
      other.destroy();
    });
    void carry(one, other, state);
  }
}

/** Takes bytes from one end to the other, until either has ended. Never rejects. */
async function carry(from: Socket, to: Socket, state: () => LinkState): Promise<void> {
  try {
    for await (const chunk of from as AsyncIterable<Buffer>) {
      if (state() === "slow") await delay(slowDelayMs + (chunk.length / slowBytesPerSecond) * 1000);
      if (!to.write(chunk)) await once(to, "drain");
    }
    to.end();
  } catch {
    to.destroy(); // it ended while it was written to
  }
}
