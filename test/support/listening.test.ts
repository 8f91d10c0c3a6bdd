import { once } from "node:events";
import { createServer, type AddressInfo, type Server } from "node:net";

import { listeningAddresses } from "./listening.ts";

const servers: Server[] = [];

afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

test.each([
  ["127.0.0.1", "127.0.0.1"],
  ["127.0.0.2", "127.0.0.2"],
  ["0.0.0.0", "0.0.0.0"],
  ["::1", "[::1]"],
  ["::", "[::]"],
])("finds a server of this process on %s", async (host, shown) => {
  const server = createServer().listen(0, host);
  servers.push(server);
  await once(server, "listening");

  expect(listeningAddresses(process.pid)).toContain(`${shown}:${(server.address() as AddressInfo).port}`);
});

test("finds no server that is closed", async () => {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");

  expect(listeningAddresses(process.pid)).not.toContain(`127.0.0.1:${port}`);
});
