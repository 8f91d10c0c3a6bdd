import { once } from "node:events";
import { createServer, get, type Server } from "node:http";
import { get as getSecurely, createServer as createSecureServer } from "node:https";
import type { AddressInfo } from "node:net";
import tls from "node:tls";

import { createCertificateAuthority } from "../../../emulator/certificates/certificate-authority.ts";
import { RequestAgent } from "../../../runtime/transport/request-agent.ts";
import { startConnectProxy } from "../../support/connect-proxy.ts";
import { findFreePort } from "../../support/free-port.ts";

const forever = new AbortController().signal;
const servers: Server[] = [];

afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

async function listen(server: Server): Promise<number> {
  servers.push(server);
  server.on("request", (request, response: { end: (text: string) => void }) => {
    response.end(`hello ${(request as { headers: { host: string } }).headers.host}`);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}

/** What a server answers; rejects with what the request says. */
async function ask(url: string, agent: RequestAgent): Promise<string> {
  return new Promise((resolve, reject) => {
    const request = (url.startsWith("https") ? getSecurely : get)(url, { agent }, (response) => {
      let text = "";
      response
        .on("data", (bytes: Buffer) => (text += bytes.toString()))
        .once("end", () => {
          resolve(text);
        });
    });
    request.once("error", reject);
  });
}

/** A server with TLS whose CA this process trusts until it is told not to. */
async function listenSecurely(names: string[]): Promise<{ port: number; distrust: () => void }> {
  const authority = await createCertificateAuthority();
  const { certificate: cert, key } = await authority.createServerCertificate(names);
  const roots = tls.getCACertificates("default");
  tls.setDefaultCACertificates([...roots, authority.certificate]);
  const port = await listen(createSecureServer({ cert, key }));
  return {
    port,
    distrust: () => {
      tls.setDefaultCACertificates(roots);
    },
  };
}

describe("RequestAgent", () => {
  test("connects a request straight, by the name of the host", async () => {
    const port = await listen(createServer());
    const agent = new RequestAgent({ isTls: false, proxy: undefined, signal: forever });

    expect(await ask(`http://localhost:${port}/`, agent)).toBe(`hello localhost:${port}`);
  });

  test("connects a request with TLS, straight and through a proxy, and checks the server's name", async () => {
    const { port, distrust } = await listenSecurely(["localhost"]);
    const proxy = await startConnectProxy();
    try {
      for (const way of [undefined, { url: proxy.url }]) {
        const agent = () => new RequestAgent({ isTls: true, proxy: way, signal: forever });
        expect(await ask(`https://localhost:${port}/`, agent())).toBe(`hello localhost:${port}`);
        await expect(ask(`https://127.0.0.1:${port}/`, agent())).rejects.toMatchObject({
          code: "ERR_TLS_CERT_ALTNAME_INVALID",
        });
      }
      expect(proxy.asked).toEqual([`localhost:${port}`, `127.0.0.1:${port}`]);
    } finally {
      distrust();
      await proxy.close();
    }
  });

  test("tells the request why there is no connection, as the system says it", async () => {
    const port = await findFreePort();
    const agent = new RequestAgent({ isTls: false, proxy: undefined, signal: forever });

    await expect(ask(`http://127.0.0.1:${port}/`, agent)).rejects.toMatchObject({ code: "ECONNREFUSED" });
  });

  test("tells the request what the proxy says", async () => {
    const proxy = await startConnectProxy({ refuseWith: 403 });
    const agent = new RequestAgent({ isTls: true, proxy: { url: proxy.url }, signal: forever });
    try {
      await expect(ask("https://login.example/", agent)).rejects.toThrow(
        /^proxy http:\S+ refused CONNECT: 403 Refused; ask its operator/,
      );
    } finally {
      await proxy.close();
    }
  });

  test("gives up when it is told to", async () => {
    const stop = AbortSignal.abort(new Error("the request was given up"));
    const agent = new RequestAgent({ isTls: false, proxy: undefined, signal: stop });

    await expect(ask("http://localhost:1/", agent)).rejects.toThrow("the request was given up");
  });
});
