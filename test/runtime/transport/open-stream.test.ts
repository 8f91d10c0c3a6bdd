import { once } from "node:events";
import { createServer as createHttpServer, type IncomingMessage } from "node:http";
import { createServer as createHttpsServer } from "node:https";
import net, { type AddressInfo, type Server, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import { setImmediate as turn } from "node:timers/promises";
import tls, { type TLSSocket } from "node:tls";

import { WebSocketServer, type WebSocket } from "ws";

import {
  createCertificateAuthority,
  type CertificateAndKey,
  type CertificateAuthority,
} from "../../../emulator/certificates/certificate-authority.ts";
import { ConnectionError } from "../../../runtime/contract/errors.ts";
import { openStream, type StreamOptions } from "../../../runtime/transport/open-stream.ts";
import { readBytes } from "../../../runtime/transport/reused-buffer.ts";
import { startConnectProxy } from "../../support/connect-proxy.ts";
import { findFreePort } from "../../support/free-port.ts";

const peer = "source edge (broker.example:8883)";
const host = "broker.example";

const servers = new Set<Server>();
const sockets = new Set<Socket>();
const streams = new Set<Duplex>();

afterEach(() => {
  for (const stream of streams) stream.destroy();
  for (const socket of sockets) socket.destroy();
  for (const server of servers) server.close();
  for (const set of [streams, sockets, servers]) set.clear();
});

async function listen<S extends Server>(server: S): Promise<{ server: S; port: number }> {
  servers.add(server);
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return { server, port: (server.address() as AddressInfo).port };
}

/** Opens a stream to a port on loopback, under the name of a broker. */
async function open(port: number, change: Partial<StreamOptions> = {}): Promise<Duplex> {
  const stream = await openStream({
    peer,
    address: { hostname: host, port: 8883 },
    connectTo: { hostname: "127.0.0.1", port },
    webSocket: false,
    signal: new AbortController().signal,
    ...change,
  });
  streams.add(stream);
  return stream;
}

/** What comes first, as text. */
async function firstBytes(stream: Duplex): Promise<string> {
  return new Promise((resolve) => {
    readBytes(stream, (bytes, end) => {
      resolve(bytes.toString("utf8", 0, end));
    });
  });
}

/** What a rejection says; fails when there is none. */
async function failureOf(opening: Promise<unknown>): Promise<ConnectionError> {
  const error: unknown = await opening.then(
    () => undefined,
    (cause: unknown) => cause,
  );
  expect(error).toBeInstanceOf(ConnectionError);
  return error as ConnectionError;
}

let authority: CertificateAuthority;
let server: CertificateAndKey;
let client: CertificateAndKey;
/** Another authority, which nobody here trusts. */
let other: CertificateAuthority;

beforeAll(async () => {
  authority = await createCertificateAuthority();
  other = await createCertificateAuthority("another CA");
  server = await authority.createServerCertificate([host]);
  client = await authority.createClientCertificate("relay");
});

describe("over TCP", () => {
  test("carries bytes both ways", async () => {
    const { port } = await listen(net.createServer((socket) => socket.pipe(socket)));

    const stream = await open(port);
    stream.write("ping");

    expect(await firstBytes(stream)).toBe("ping");
  });

  test("connects to the address itself where nothing else is said", async () => {
    const { port } = await listen(net.createServer());

    const stream = await openStream({
      peer,
      address: { hostname: "127.0.0.1", port },
      webSocket: false,
      signal: new AbortController().signal,
    });
    streams.add(stream);

    expect(stream.writable).toBe(true);
  });

  test("says who can't be reached and why", async () => {
    const port = await findFreePort();

    const error = await failureOf(open(port));

    expect(error.message).toBe(
      `${peer} can't be reached: connect ECONNREFUSED 127.0.0.1:${port}: nothing listens there; start the broker, or correct host and port`,
    );
    expect(error.retry).toBe("soon");
  });

  test("says so in one line for a host with several addresses, of which none answers", async () => {
    const port = await findFreePort();

    const error = await failureOf(open(port, { connectTo: { hostname: "localhost", port } }));

    expect(error.message).toMatch(/can't be reached: .*ECONNREFUSED[^\n]*$/);
  });
});

describe("over TLS", () => {
  async function listenTls(options: tls.TlsOptions = {}) {
    return listen(tls.createServer({ cert: server.certificate, key: server.key, ...options }));
  }

  function trusting(): { tls: NonNullable<StreamOptions["tls"]> } {
    return { tls: { ca: [authority.certificate] } };
  }

  test("asks for the broker's name and checks it, wherever it connects to", async () => {
    const { server: listening, port } = await listenTls();
    const secured = once(listening, "secureConnection");

    const stream = await open(port, trusting());

    const [socket] = (await secured) as [TLSSocket & { servername: string }];
    expect(socket.servername).toBe(host);
    expect(stream).toMatchObject({ authorized: true });
  });

  test("asks for a name without the dot at its end, and checks that", async () => {
    const { server: listening, port } = await listenTls();
    const secured = once(listening, "secureConnection");

    const stream = await open(port, { ...trusting(), address: { hostname: `${host}.`, port } });

    const [socket] = (await secured) as [TLSSocket & { servername: string }];
    expect(socket.servername).toBe(host);
    expect(stream).toMatchObject({ authorized: true });
  });

  test.each(["TLSv1.2", "TLSv1.3"] as const)(
    "speaks %s, asking for the name and showing the certificate",
    async (version) => {
      const { server: listening, port } = await listenTls({
        minVersion: version,
        maxVersion: version,
        requestCert: true,
        rejectUnauthorized: true,
        ca: authority.certificate,
      });
      const secured = once(listening, "secureConnection");

      await open(port, { tls: { ca: [authority.certificate], cert: client.certificate, key: client.key } });

      const [socket] = (await secured) as [TLSSocket & { servername: string }];
      expect([socket.getProtocol(), socket.servername, socket.authorized]).toEqual([version, host, true]);
    },
  );

  test("speaks no older version", async () => {
    const { port } = await listenTls({ minVersion: "TLSv1", maxVersion: "TLSv1.1", ciphers: "DEFAULT@SECLEVEL=0" });

    const error = await failureOf(open(port, trusting()));

    expect(error.message).toContain("the server speaks no TLS 1.2 or 1.3");
  });

  test("asks for no name where the host is an address, and checks the address", async () => {
    const identity = await authority.createServerCertificate(["127.0.0.1"]);
    const { server: listening, port } = await listenTls({ cert: identity.certificate, key: identity.key });
    const secured = once(listening, "secureConnection");

    await open(port, { ...trusting(), address: { hostname: "127.0.0.1", port } });

    const [socket] = (await secured) as [TLSSocket & { servername: string | false }];
    expect(socket.servername).toBe(false);
  });

  test("refuses a server of another name", async () => {
    const identity = await authority.createServerCertificate(["other.example"]);
    const { port } = await listenTls({ cert: identity.certificate, key: identity.key });

    const error = await failureOf(open(port, trusting()));

    expect(error.message).toContain("broker.example");
    expect(error.message).toContain("other.example");
  });

  test("refuses a server that no CA of the configuration vouches for", async () => {
    const { port } = await listenTls();

    const error = await failureOf(open(port, { tls: { ca: [other.certificate] } }));

    expect(error).toMatchObject({ retry: "soon" });
    expect(error.message).toMatch(/^source edge .* can't be reached: .*certificate/);
  });

  test.each(
    (["TLSv1.2", "TLSv1.3"] as const).flatMap((version) => [
      [version, "MQTT", false, () => ({ ca: [other.certificate] })] as const,
      [version, "WebSockets", true, () => ({ ca: [other.certificate] })] as const,
      [version, "MQTT without any CA", false, () => ({ ca: [] })] as const,
    ]),
  )(
    "over %s with %s sends a server that is refused nothing but the handshake",
    async (version, _, webSocket, material) => {
      const received: Buffer[] = [];
      const { server: listening, port } = await listenTls({ minVersion: version, maxVersion: version });
      listening.on("secureConnection", (socket: TLSSocket) => {
        socket.on("error", () => undefined).on("data", (chunk: Buffer) => received.push(chunk));
      });
      const closed = new Promise((resolve) => {
        listening.on("connection", (socket: Socket) => socket.once("close", resolve));
      });

      const error = await failureOf(open(port, { tls: material(), webSocket }));
      await closed;

      expect(error.message).toContain('the server\'s certificate "broker.example" comes from the CA');
      expect(received).toEqual([]);
    },
  );

  test.each(["TLSv1.2", "TLSv1.3"] as const)(
    "resumes no session over %s, since a resumed one is checked for no name",
    async (version) => {
      const { server: listening, port } = await listenTls({ minVersion: version, maxVersion: version });
      const reused: boolean[] = [];
      listening.on("secureConnection", (socket: TLSSocket) => {
        reused.push(socket.isSessionReused());
        socket.write("a ticket is on its way");
      });

      await firstBytes(await open(port, trusting()));
      await firstBytes(await open(port, trusting()));

      expect(reused).toEqual([false, false]);
    },
  );

  test("checks the server where NODE_TLS_REJECT_UNAUTHORIZED says that nothing is to be checked", async () => {
    const { port } = await listenTls();
    process.env["NODE_TLS_REJECT_UNAUTHORIZED"] = "0";
    try {
      expect((await failureOf(open(port, { tls: {} }))).message).toContain("which is none of the system's roots");
    } finally {
      delete process.env["NODE_TLS_REJECT_UNAUTHORIZED"];
    }
  });

  test("checks the broker behind a proxy by the broker's name", async () => {
    const { port } = await listenTls();
    const proxy = await startConnectProxy({ hosts: { [`${host}:8883`]: port, "other.example:8883": port } });
    const through = async (hostname: string) =>
      openStream({
        peer,
        address: { hostname, port: 8883 },
        webSocket: false,
        proxy: { url: proxy.url },
        signal: new AbortController().signal,
        ...trusting(),
      });
    try {
      const stream = await through(host);
      streams.add(stream);
      expect(stream).toMatchObject({ authorized: true });
      expect((await failureOf(through("other.example"))).message).toContain('and not for "other.example"');
    } finally {
      await proxy.close();
    }
  });

  test("refuses an address that is not in the certificate, though a name in it leads there", async () => {
    const identity = await authority.createServerCertificate(["localhost"]);
    const { port } = await listenTls({ cert: identity.certificate, key: identity.key });

    const error = await failureOf(open(port, { ...trusting(), address: { hostname: "127.0.0.1", port } }));

    expect(error.message).toContain('and not for "127.0.0.1"');
  });

  test("trusts the system's roots where no CA is given, and not this one", async () => {
    const { port } = await listenTls();

    const error = await failureOf(open(port, { tls: {} }));

    expect(error.message).toMatch(/can't be reached: .*certificate/);
  });

  test("trusts every CA that is given", async () => {
    const { port } = await listenTls();

    const stream = await open(port, { tls: { ca: [other.certificate, authority.certificate] } });

    expect(stream).toMatchObject({ authorized: true });
  });

  test("shows the client certificate", async () => {
    const { server: listening, port } = await listenTls({ requestCert: true, ca: authority.certificate });
    const secured = once(listening, "secureConnection");

    await open(port, { tls: { ca: [authority.certificate], cert: client.certificate, key: client.key } });

    const [socket] = (await secured) as [TLSSocket];
    expect([socket.authorized, socket.getPeerCertificate().subject.CN]).toEqual([true, "relay"]);
  });

  test.each([
    ["a certificate that is none", () => ({ cert: "nonsense", key: client.key })],
    ["a key of another certificate", () => ({ cert: client.certificate, key: server.key })],
  ])("says that %s can't be used, and shows neither", async (_case, material) => {
    const { port } = await listenTls();

    const error = await failureOf(open(port, { tls: { ca: [authority.certificate], ...material() } }));

    expect(error.message).toMatch(/^source edge .* can't be reached: ./);
    expect(error.message).not.toContain("PRIVATE KEY");
    expect(error.message).not.toContain(material().key.split("\n")[1]);
  });

  test("gives up a server that never answers the handshake when it is told to", async () => {
    const { server: listening, port } = await listen(net.createServer());
    const accepted = once(listening, "connection");
    const stop = new AbortController();

    const opening = failureOf(open(port, { ...trusting(), signal: stop.signal }));
    const [socket] = (await accepted) as [Socket];
    const closed = once(socket, "close");
    socket.resume();
    stop.abort(new Error("time is up"));

    expect((await opening).message).toBe(`${peer} can't be reached: time is up`);
    await closed;
  });
});

describe("over WebSockets", () => {
  async function listenWebSocket(options: { path?: string; isTls?: boolean; accepts?: boolean } = {}) {
    const { path = "/mqtt", isTls = false } = options;
    const http = isTls ? createHttpsServer({ cert: server.certificate, key: server.key }) : createHttpServer();
    const requests: IncomingMessage[] = [];
    const webSockets = new WebSocketServer({ server: http, path, perMessageDeflate: true });
    webSockets.on("connection", (socket: WebSocket, request) => {
      requests.push(request);
      socket.on("message", (data: Buffer) => {
        // Two frames, cut anywhere: MQTT's packets have nothing to do with them.
        socket.send(data.subarray(0, 1));
        socket.send(data.subarray(1));
      });
    });
    const { port } = await listen(http);
    return { port, requests };
  }

  test.each([
    ["ws", false],
    ["wss", true],
  ])("%s: carries a stream of bytes under the subprotocol mqtt, uncompressed, at /mqtt", async (_scheme, isTls) => {
    const { port, requests } = await listenWebSocket({ isTls });

    const stream = await open(port, { webSocket: true, ...(isTls ? { tls: { ca: [authority.certificate] } } : {}) });
    stream.write("ping");
    let received = "";
    for await (const chunk of stream) {
      received += String(chunk);
      if (received.length === 4) break;
    }

    expect(received).toBe("ping");
    expect(requests).toHaveLength(1);
    expect(requests[0]?.url).toBe("/mqtt");
    expect(requests[0]?.headers).toMatchObject({ host: `${host}:8883`, "sec-websocket-protocol": "mqtt" });
    expect(requests[0]?.headers).not.toHaveProperty("sec-websocket-extensions");
  });

  test.each<[string, (socket: WebSocket) => void]>([
    [
      "says so",
      (socket) => {
        socket.close();
      },
    ],
    [
      "says nothing",
      (socket) => {
        socket.terminate();
      },
    ],
  ])("is closed when the server closes and %s", async (_, close) => {
    const http = createHttpServer();
    const webSockets = new WebSocketServer({ server: http, path: "/mqtt" });
    webSockets.on("connection", (socket: WebSocket) => {
      socket.once("message", () => {
        socket.send(Buffer.from("last words"));
        close(socket);
      });
    });
    const { port } = await listen(http);
    const stream = await open(port, { webSocket: true });
    let received = "";
    readBytes(stream, (bytes, end) => void (received += bytes.toString("utf8", 0, end)));

    stream.write("go");
    await once(stream, "close");

    expect(received).toBe("last words");
  });

  test("fails at a text frame and hands its text to nobody", async () => {
    const http = createHttpServer();
    const webSockets = new WebSocketServer({ server: http, path: "/mqtt" });
    webSockets.on("connection", (socket: WebSocket) => {
      socket.on("message", () => {
        socket.send(Buffer.from("binary"));
        socket.send("text");
      });
    });
    const { port } = await listen(http);
    const stream = await open(port, { webSocket: true });
    let received = "";
    stream.on("data", (bytes: Buffer) => (received += bytes.toString()));

    stream.write("go");
    const error = await new Promise<ConnectionError>((resolve) => stream.once("error", resolve));

    expect(error).toMatchObject({ end: "protocol-error", retry: "slowly" });
    expect(error.message).toContain("a WebSocket text frame where MQTT has binary ones");
    expect("binary").toContain(received);
  });

  test("names a host that is an IPv6 address in brackets", async () => {
    const { port, requests } = await listenWebSocket();

    await open(port, { webSocket: true, address: { hostname: "::1", port: 8083 } });

    expect(requests[0]?.headers.host).toBe("[::1]:8083");
  });

  test("asks for the path that the host names", async () => {
    const { port, requests } = await listenWebSocket({ path: "/other/path" });

    await open(port, { webSocket: true, address: { hostname: host, port: 443, path: "/other/path" } });

    expect(requests[0]?.url).toBe("/other/path");
  });

  test("says what a server answered that speaks no WebSocket there", async () => {
    const { port } = await listenWebSocket({ path: "/elsewhere" });

    const error = await failureOf(open(port, { webSocket: true }));

    expect(error.message).toBe(
      `${peer} can't be reached: Unexpected server response: 400: no WebSocket is served there; correct the path behind the port in host, "/mqtt" if none is given`,
    );
  });

  test("gives up a server that never answers the upgrade, and nothing is thrown afterwards", async () => {
    const { server: listening, port } = await listen(net.createServer());
    const accepted = once(listening, "connection");
    const stop = new AbortController();

    const opening = failureOf(open(port, { webSocket: true, signal: stop.signal }));
    const [socket] = (await accepted) as [Socket];
    await once(socket, "data");
    const closed = once(socket, "close");
    stop.abort(new Error("time is up"));

    expect((await opening).message).toBe(`${peer} can't be reached: time is up`);
    await closed;
    for (let count = 0; count < 5; count++) await turn();
  });
});

describe("a signal that has been given before", () => {
  test("keeps the stream from being opened", async () => {
    const { port } = await listen(net.createServer());

    const error = await failureOf(open(port, { signal: AbortSignal.abort(new Error("the relay is stopping")) }));

    expect(error.message).toBe(`${peer} can't be reached: the relay is stopping`);
  });
});

test("nothing listens to the signal any more once the stream is open", async () => {
  const { port } = await listen(net.createServer());
  const stop = new AbortController();
  const stream = await open(port, { signal: stop.signal });

  stop.abort(new Error("later"));
  await turn();

  expect(stream.destroyed).toBe(false);
});
