import { once } from "node:events";
import { createServer } from "node:net";

/**
 * Ports below those that the kernel gives to outgoing connections: one of these is not taken by another test's client
 * before the server that it is for listens.
 * @see ip(7), ip_local_port_range
 */
const firstPort = 12_000;
const lastPort = 32_000;
const maxTries = 100;

/** Finds a TCP port that nothing listens on. */
export async function findFreePort(): Promise<number> {
  for (let attempt = 1; attempt <= maxTries; attempt += 1) {
    const port = firstPort + Math.floor(Math.random() * (lastPort - firstPort));
    if (await isFree(port)) return port;
  }
  throw new Error(`no free port found in ${maxTries} tries from ${firstPort} to ${lastPort}`);
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  // Every address: some of what is started listens on all of them.
  server.listen(port);
  try {
    await once(server, "listening");
  } catch {
    return false;
  }
  server.close();
  await once(server, "close");
  return true;
}
