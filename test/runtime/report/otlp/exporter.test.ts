import { once } from "node:events";
import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as delay } from "node:timers/promises";

import { createLog } from "../../../../runtime/report/log.ts";
import { MetricExport } from "../../../../runtime/report/otlp/exporter.ts";
import { untilTrue } from "../../../support/patience.ts";
import { onBody } from "../../../support/request-body.ts";

const servers: Server[] = [];
const exports: MetricExport[] = [];

afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
  await Promise.all(exports.splice(0).map(async (one) => one.stop()));
});

/** A collector on loopback. */
async function startCollector(answer: RequestListener): Promise<{ url: URL; server: Server }> {
  const server = createServer(answer);
  servers.push(server);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return { url: new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/metrics`), server };
}

function start(url: URL, pieces: () => Iterable<string>, times: { intervalMs: number; timeoutMs: number }) {
  const lines: Record<string, unknown>[] = [];
  const log = createLog("info", { write: (line) => lines.push(JSON.parse(line) as Record<string, unknown>) });
  const headers = { authorization: "Bearer hunter2hunter2" };
  const one = new MetricExport({ url, headers, resource: {}, ...times }, () => Promise.resolve(pieces()), log);
  exports.push(one);
  return { one, lines };
}

describe("MetricExport", () => {
  test("posts all pieces as one body of JSON with the headers, again each interval", async () => {
    const requests: { url?: string | undefined; authorization?: string | undefined; body: string }[] = [];
    const { url } = await startCollector((request, response) => {
      onBody(request, (body) => {
        requests.push({ url: request.url, authorization: request.headers.authorization, body });
        response.end("{}");
      });
    });
    let count = 0;

    const { lines } = start(url, () => [`{"a":`, String(++count), "}"], { intervalMs: 20, timeoutMs: 5000 });
    await untilTrue("two exports", () => requests.length >= 2);

    expect(requests[0]).toEqual({ url: "/v1/metrics", authorization: "Bearer hunter2hunter2", body: '{"a":1}' });
    expect(requests[1]?.body).toBe('{"a":2}');
    expect(lines).toEqual([]);
  });

  test("sends the last values when it ends", async () => {
    const bodies: string[] = [];
    const { url } = await startCollector((request, response) => {
      onBody(request, (body) => {
        bodies.push(body);
        response.end();
      });
    });
    const { one } = start(url, () => ["last"], { intervalMs: 1_000_000, timeoutMs: 5000 });

    await one.stop();

    expect(bodies).toEqual(["last"]);
  });

  test("says once that the collector refuses, without its words and without a header, and once that it takes again", async () => {
    let requests = 0;
    const { url } = await startCollector((request, response) => {
      request.resume();
      response.statusCode = ++requests < 4 ? 401 : 200;
      response.end(`you said ${String(request.headers.authorization)}`);
    });

    const { lines } = start(url, () => ["x"], { intervalMs: 10, timeoutMs: 5000 });
    await untilTrue("six exports", () => requests >= 6);

    expect(lines.map(({ event, reason }) => [event, reason])).toEqual([
      ["metrics-not-exported", "the collector answered 401 Unauthorized"],
      ["metrics-exported", undefined],
    ]);
    expect(JSON.stringify(lines)).not.toContain("hunter2");
  });

  test("says so once where nobody listens", async () => {
    const { url, server } = await startCollector(() => undefined);
    server.close();
    await once(server, "close");
    let encoded = 0;

    const { lines } = start(url, () => [String(++encoded)], { intervalMs: 10, timeoutMs: 5000 });
    await untilTrue("three exports", () => encoded >= 3);

    expect(lines).toMatchObject([{ event: "metrics-not-exported", reason: expect.stringContaining("ECONNREFUSED") }]);
  });

  test("has one export under way however long a collector takes, and gives it up at the time-out", async () => {
    let [open, most, requests] = [0, 0, 0];
    const { url, server } = await startCollector(() => requests++);
    server.on("connection", (socket) => {
      most = Math.max(most, ++open);
      socket.on("close", () => open--);
    });

    const { lines } = start(url, () => ["x"], { intervalMs: 5, timeoutMs: 100 });
    await untilTrue("three exports", () => requests >= 3);

    expect(most).toBeLessThanOrEqual(2); // the old connection is closed while the new one opens
    expect(lines).toMatchObject([{ event: "metrics-not-exported", reason: "no answer within 100 ms" }]);
  });

  test("makes no more of the body than a collector that does not read takes", async () => {
    const { url } = await startCollector((request) => {
      request.pause();
    });
    let pieces = 0;
    const piece = "x".repeat(100_000);
    const endless = function* () {
      for (;;) {
        pieces++;
        yield piece;
      }
    };

    const { one } = start(url, endless, { intervalMs: 10, timeoutMs: 60_000 });
    await untilTrue("the first piece", () => pieces > 0);
    await delay(500);
    const made = pieces;
    await delay(500);

    expect(pieces).toBe(made);
    // What the kernels of both sides hold for a connection on loopback.
    expect(pieces * piece.length).toBeLessThan(32e6);
    const startMs = performance.now();
    await one.stop();
    expect(performance.now() - startMs).toBeLessThan(10_000);
  });
});
