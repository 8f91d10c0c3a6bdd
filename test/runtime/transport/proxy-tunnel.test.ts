import { once } from "node:events";
import net, { type AddressInfo, type Server } from "node:net";
import type { Duplex } from "node:stream";

import { createCertificateAuthority } from "../../../emulator/certificates/certificate-authority.ts";
import { describeError } from "../../../runtime/contract/errors.ts";
import { openStream, type StreamOptions } from "../../../runtime/transport/open-stream.ts";
import { openTunnel, proxyOfEnvironment } from "../../../runtime/transport/proxy-tunnel.ts";
import { startConnectProxy, type ConnectProxy, type ConnectProxyOptions } from "../../support/connect-proxy.ts";
import { findFreePort } from "../../support/free-port.ts";

const { signal } = new AbortController();
const open: { proxies: ConnectProxy[]; streams: Duplex[]; echo?: Server } = { proxies: [], streams: [] };
let target: { hostname: string; port: number };

beforeAll(async () => {
  open.echo = net.createServer((socket) => socket.on("error", () => undefined).pipe(socket)).listen(0, "127.0.0.1");
  await once(open.echo, "listening");
  target = { hostname: "127.0.0.1", port: (open.echo.address() as AddressInfo).port };
});

afterEach(async () => {
  for (const stream of open.streams.splice(0)) stream.destroy();
  for (const proxy of open.proxies.splice(0)) await proxy.close();
});

afterAll(() => open.echo?.close());

async function start(options?: ConnectProxyOptions): Promise<ConnectProxy> {
  const proxy = await startConnectProxy(options);
  open.proxies.push(proxy);
  return proxy;
}

async function echo(stream: Duplex): Promise<string> {
  open.streams.push(stream);
  stream.write("ping");
  return String((await once(stream, "data"))[0]);
}

describe("a tunnel", () => {
  test("carries bytes both ways", async () => {
    const proxy = await start();

    expect(await echo(await openTunnel({ url: proxy.url }, target, signal))).toBe("ping");
    expect(proxy.asked).toEqual([`127.0.0.1:${target.port}`]);
    expect(proxy.tunnels).toBe(1);
  });

  test("shows the proxy its user name and password", async () => {
    const proxy = await start({ credentials: "plant:pass word" });
    const credentials = { username: "plant", password: "pass word" };

    expect(await echo(await openTunnel({ url: proxy.url, credentials }, target, signal))).toBe("ping");
  });

  test("goes through a proxy with TLS that a CA of its own vouches for", async () => {
    const authority = await createCertificateAuthority();
    const proxy = await start({ tls: await authority.createServerCertificate(["127.0.0.1"]) });

    expect(await echo(await openTunnel({ url: proxy.url, ca: [authority.certificate] }, target, signal))).toBe("ping");
    await expect(openTunnel({ url: proxy.url }, target, signal)).rejects.toThrow(`proxy ${proxy.url}: `);
  });

  describe("through a proxy with TLS and a name", () => {
    const broker = { hostname: "broker.example", port: 8883 };

    async function startNamed(name: string) {
      const authority = await createCertificateAuthority();
      const tls = await authority.createServerCertificate([name]);
      const proxy = await start({ tls, hosts: { "broker.example:8883": target.port } });
      return { url: proxy.url.replace("127.0.0.1", "localhost"), ca: [authority.certificate] };
    }

    test("checks the proxy by its own name, and not by the broker's", async () => {
      expect(await echo(await openTunnel(await startNamed("localhost"), broker, signal))).toBe("ping");
      await expect(openTunnel(await startNamed("broker.example"), broker, signal)).rejects.toThrow(
        "Hostname/IP does not match certificate's altnames: Host: localhost. is not in the cert's altnames: DNS:broker.example",
      );
    });

    test("checks it whatever NODE_TLS_REJECT_UNAUTHORIZED says, since it is shown a password", async () => {
      const { url } = await startNamed("localhost");
      process.env["NODE_TLS_REJECT_UNAUTHORIZED"] = "0";
      try {
        await expect(openTunnel({ url }, broker, signal)).rejects.toThrow(/unable to verify|self-signed/);
      } finally {
        delete process.env["NODE_TLS_REJECT_UNAUTHORIZED"];
      }
    });
  });

  test("stays when the signal comes after it was opened", async () => {
    const proxy = await start();
    const late = new AbortController();
    const tunnel = await openTunnel({ url: proxy.url }, target, late.signal);

    late.abort(new Error("too late"));

    expect(await echo(tunnel)).toBe("ping");
  });

  test.each<[number, string]>([
    [407, "give its user name and password in the Secret that proxy.secretRef names"],
    [403, "ask its operator to let this host and port through"],
  ])("that is refused with %d says what to do, and no secret", async (refuseWith, remedy) => {
    const proxy = await start({ refuseWith });
    const credentials = { username: "plant", password: "hunter2" };

    const opening = openTunnel({ url: proxy.url, credentials }, target, signal);

    await expect(opening).rejects.toThrow(`proxy ${proxy.url} refused CONNECT: ${refuseWith} Refused; ${remedy}`);
    await expect(opening).rejects.not.toThrow("hunter2");
  });

  test("says that the proxy does not reach the host", async () => {
    const proxy = await start();
    const port = await findFreePort();

    await expect(openTunnel({ url: proxy.url }, { hostname: "127.0.0.1", port }, signal)).rejects.toThrow(
      "502 Bad Gateway: it does not reach the host",
    );
  });

  test.each([
    ["the password", "no entry for pass word"],
    ["what was sent", `no entry for Basic ${Buffer.from("plant:pass word").toString("base64")}`],
    ["the password encoded", "no entry for pass%20word"],
    ["the pair of both", "no entry for plant:pass word"],
  ])("never says %s, though a proxy repeats it", async (_case, said) => {
    const proxy = await start({ refuseWith: 407, statusText: said });
    const credentials = { username: "plant", password: "pass word" };

    const refused = openTunnel({ url: proxy.url, credentials }, target, signal);

    await expect(refused).rejects.toThrow(/refused CONNECT: 407 no entry for (Basic )?…; give its user name/);
  });

  test("cuts a proxy's words off, so that they can't flood the log", async () => {
    const proxy = await start({ refuseWith: 407, statusText: "x".repeat(10_000) });

    const refused = openTunnel({ url: proxy.url }, target, signal);

    await expect(refused).rejects.toThrow(/407 x{200}; give its user name/);
  });

  test("names the proxy when nobody listens there", async () => {
    const url = `http://127.0.0.1:${await findFreePort()}`;

    await expect(openTunnel({ url }, target, signal)).rejects.toThrow(
      new RegExp(`^proxy ${url}: connect ECONNREFUSED .*: nothing listens there; start`),
    );
  });

  test("is given up when it is told to", async () => {
    const silent = net.createServer().listen(0, "127.0.0.1");
    await once(silent, "listening");
    const url = `http://127.0.0.1:${(silent.address() as AddressInfo).port}`;
    const late = new AbortController();

    const opening = openTunnel({ url }, target, late.signal);
    late.abort(new Error("no connection within 30 ms"));

    await expect(opening).rejects.toThrow(`proxy ${url}: no connection within 30 ms`);
    silent.close();
  });
});

test("a stream with a proxy asks it for the broker's name", async () => {
  const proxy = await start({ hosts: { "broker.example:8883": target.port } });
  const options: StreamOptions = {
    peer: "source edge",
    address: { hostname: "broker.example", port: 8883 },
    webSocket: false,
    proxy: { url: proxy.url },
    signal,
  };

  expect(await echo(await openStream(options))).toBe("ping");
  expect(proxy.asked).toEqual(["broker.example:8883"]);
});

function messageOf(act: () => unknown): string {
  try {
    act();
    return "nothing was thrown";
  } catch (error) {
    return describeError(error);
  }
}

describe("proxyOfEnvironment", () => {
  const names = ["HTTPS_PROXY", "NO_PROXY", "https_proxy", "no_proxy", "all_proxy", "ALL_PROXY"] as const;
  const before = { ...process.env };

  beforeEach(() => {
    for (const name of names) Reflect.deleteProperty(process.env, name);
  });

  afterAll(() => {
    for (const name of names) if (before[name] !== undefined) process.env[name] = before[name];
  });

  const cloud = { hostname: "ns.example", port: 8883 };

  test("is none where the environment names none", () => {
    expect(proxyOfEnvironment(cloud)).toBeUndefined();
  });

  test("takes user and password out of the URL", () => {
    process.env["HTTPS_PROXY"] = "http://us%40er:p%3Aw@proxy.example:3128";

    expect(proxyOfEnvironment(cloud)).toEqual({
      url: "http://proxy.example:3128",
      credentials: { username: "us@er", password: "p:w" },
    });
  });

  test.each([
    ["a slash", "http://plant:hunter2/hunter3@proxy.example:3128"],
    ["a slash and a part that passes for a port", "http://plant:12/hunter2@proxy.example:3128"],
    ["a number sign", "http://plant:12#hunter2@proxy.example:3128"],
    ["a question mark", "http://plant:12?hunter2@proxy.example:3128"],
    ["a blank", "http://plant:hun ter2@proxy example:3128"],
    ["a per cent sign that encodes nothing", "http://plant:hunter2%zz@proxy.example:3128"],
    ["no scheme and a slash", "plant:hunter2/3@proxy.example:3128"],
  ])("refuses a URL whose password has %s, and says nothing of it", (_case, url) => {
    process.env["HTTPS_PROXY"] = url;

    const message = messageOf(() => proxyOfEnvironment(cloud));

    expect(message).toMatch(/^HTTPS_PROXY: is no URL of a proxy \("[a-z:/]*…@proxy[ .]?.*"\); give "http:\/\/<user>/);
    expect(message).not.toMatch(/hun|ter2|:12|plant/);
  });

  test.each(["ns.example", ".example", "*"])("goes straight to a host that NO_PROXY=%s names", (noProxy) => {
    process.env["HTTPS_PROXY"] = "http://proxy.example:3128";
    process.env["NO_PROXY"] = noProxy;

    expect(proxyOfEnvironment(cloud)).toBeUndefined();
  });
});
