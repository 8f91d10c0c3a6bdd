import { once } from "node:events";
import net, { type AddressInfo, type Socket } from "node:net";
import { Duplex } from "node:stream";
import { setTimeout as delay } from "node:timers/promises";
import tls from "node:tls";

import { createCertificateAuthority } from "../../../emulator/certificates/certificate-authority.ts";
import { openStream } from "../../../runtime/transport/open-stream.ts";
import { onceFailing, readToEnd } from "../../../runtime/transport/read-to-end.ts";
import { readBytes } from "../../../runtime/transport/reused-buffer.ts";

const host = "broker.example";
const authority = createCertificateAuthority("read to end");
const cleanUps: (() => unknown)[] = [];

afterEach(() => {
  for (const cleanUp of cleanUps.splice(0).reverse()) cleanUp();
});

/** A client's stream, what became of it, and the server's side, which reads nothing. */
interface Pair {
  readonly stream: Duplex;
  readonly server: Socket;
  readonly log: string[];
  readonly closed: Promise<unknown>;
}

async function openPair(carrier: "TCP" | "TLS"): Promise<Pair> {
  const { certificate, createServerCertificate } = await authority;
  const identity = await createServerCertificate([host]);
  const listener = carrier === "TLS" ? tls.createServer({ ...pemOf(identity) }) : net.createServer();
  const accepted = once(listener, carrier === "TLS" ? "secureConnection" : "connection");
  listener.listen(0, "127.0.0.1");
  cleanUps.push(() => listener.close());
  await once(listener, "listening");
  const { port } = listener.address() as AddressInfo;
  const stream = await openStream({
    peer: "source plant",
    address: { hostname: host, port },
    connectTo: { hostname: "127.0.0.1", port },
    webSocket: false,
    signal: new AbortController().signal,
    ...(carrier === "TLS" ? { tls: { ca: [certificate] } } : {}),
  });
  cleanUps.push(() => stream.destroy());
  const [server] = (await accepted) as [Socket];
  server.on("error", () => undefined).setNoDelay();
  cleanUps.push(() => server.destroy());
  const log: string[] = [];
  onceFailing(stream, () => log.push("failing"));
  readBytes(stream, (bytes, end) => void log.push(`read ${bytes.toString("utf8", 0, end)}`));
  stream.on("error", (error: NodeJS.ErrnoException) => log.push(`error ${error.syscall}`));
  const closed = new Promise((resolve) => stream.once("close", resolve));
  await delay(20); // what a handshake leaves to do
  return { stream, server, log, closed };
}

function pemOf({ certificate, key }: { readonly certificate: string; readonly key: string }) {
  return { cert: certificate, key };
}

/** Keeps this process from reading while the kernel delivers what was written. */
function stopFor(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

describe.each(["TCP", "TLS"] as const)("a server over %s that closes while it is written to", (carrier) => {
  test.each([
    ["in the middle of what it was sent, which is a reset", true],
    ["after all that it was sent", false],
  ])("is heard to its last word: %s", async (_, isUnread) => {
    const { stream, server, log, closed } = await openPair(carrier);
    if (isUnread) stream.write("unread");
    stopFor(20);

    server.write("why it ends");
    server.destroy();
    for (let count = 0; count < 3; count++) {
      stopFor(5);
      stream.write("more");
    }
    await closed;

    expect(log).toContain("read why it ends");
    expect(log).toContain("failing");
    expect(log.filter((line) => line !== "failing")).toEqual(["read why it ends", "error write"]);
  });

  test("is left after a moment where nobody reads what it said", async () => {
    const { stream, server, log, closed } = await openPair(carrier);
    stream.pause();
    stream.write("unread");
    await delay(20);

    server.write("why it ends");
    server.destroy();
    stopFor(20);
    for (let count = 0; count < 3; count++) stream.write("more");
    await closed;

    expect(log).toEqual(["failing", "error write"]);
  });
});

test("a write that fails behind the end of the input closes the socket at once", () => {
  const socket = readToEnd(new Duplex({ read: () => undefined }));
  const onFailing = jest.fn();
  onceFailing(socket, onFailing);
  socket.on("error", () => undefined);

  socket.push(null);
  socket.destroy(Object.assign(new Error("write EPIPE"), { syscall: "write", code: "EPIPE" }));

  expect(socket.destroyed).toBe(true);
  expect(onFailing).not.toHaveBeenCalled();
});

test("a stream that is left for another reason is closed at once", async () => {
  const { stream, log, closed } = await openPair("TCP");

  stream.destroy(new Error("enough"));
  await closed;

  expect(log).toEqual(["error undefined"]);
});
