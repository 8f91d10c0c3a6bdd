import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Server } from "node:net";

import { openLink, type Link } from "../../../cli/demo/link.ts";
import { patientMs } from "../../support/patience.ts";

let echo: Server;
let link: Link;

beforeEach(async () => {
  echo = createServer((socket) => socket.on("error", () => undefined).pipe(socket)).listen(0, "127.0.0.1");
  await once(echo, "listening");
  link = await openLink((echo.address() as AddressInfo).port);
});

afterEach(async () => {
  await link.close();
  echo.close();
});

async function open() {
  const socket = connect({ port: link.port, host: "127.0.0.1" });
  await once(socket, "connect");
  return socket;
}

async function roundTrip(bytes: number): Promise<number> {
  const socket = await open();
  const startMs = performance.now();
  let left = bytes;
  socket.on("data", (chunk) => (left -= chunk.length));
  socket.write(Buffer.alloc(bytes));
  while (left > 0) await new Promise((resolve) => setTimeout(resolve, 5));
  socket.destroy();
  return performance.now() - startMs;
}

test("carries bytes both ways", async () => {
  expect(await roundTrip(200_000)).toBeLessThan(patientMs(2000));
});

test("cut, it resets what is open and takes nothing new, until it is mended", async () => {
  const socket = await open();
  socket.on("error", () => undefined);

  link.set("cut");
  await once(socket, "close");
  await expect(open()).rejects.toThrow("ECONNREFUSED");

  link.set("whole");
  await roundTrip(10);
});

test("slow, it takes its time for each packet and each byte, also on what is open", async () => {
  link.set("slow");

  expect(await roundTrip(12_000)).toBeGreaterThan(1000);
});
