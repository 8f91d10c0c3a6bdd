import { once } from "node:events";
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";

import { createLog } from "../../../../runtime/report/log.ts";
import { SpanExport } from "../../../../runtime/report/traces/span-export.ts";
import type { TraceSettings } from "../../../../runtime/report/traces/settings.ts";
import type { Span } from "../../../../runtime/report/traces/span.ts";
import { untilTrue } from "../../../support/patience.ts";
import { onBody } from "../../../support/request-body.ts";

const servers: Server[] = [];
const exports: SpanExport[] = [];

afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
  await Promise.all(exports.splice(0).map(async (one) => one.stop()));
});

interface Request {
  readonly spans: readonly { readonly name: string; readonly [field: string]: unknown }[];
  readonly headers: IncomingMessage["headers"];
  readonly url: string | undefined;
}

/** A collector on loopback that answers with these status codes in turn, the last one for ever. */
async function startCollector(...answers: number[]) {
  const requests: Request[] = [];
  const server = createServer((request, response) => {
    onBody(request, (text) => {
      const body = JSON.parse(text) as {
        resourceSpans: { scopeSpans: { spans: Request["spans"] }[] }[];
      };
      const spans = body.resourceSpans.flatMap((one) => one.scopeSpans.flatMap((scope) => scope.spans));
      requests.push({ spans, headers: request.headers, url: request.url });
      response.statusCode = (answers.length > 1 ? answers.shift() : answers[0]) ?? 200;
      response.end("{}");
    });
  });
  servers.push(server);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return { requests, url: new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/traces`) };
}

function start(url: URL, change: Partial<TraceSettings> = {}) {
  const lines: Record<string, unknown>[] = [];
  const log = createLog("info", { write: (line) => lines.push(JSON.parse(line) as Record<string, unknown>) });
  const one = new SpanExport(
    {
      url,
      headers: { authorization: "Bearer hunter2hunter2" },
      resource: { "service.name": "x" },
      timeoutMs: 5000,
      sampler: { name: "always_on", ratio: 1 },
      delayMs: 20,
      maxQueued: 10,
      maxExported: 4,
      ...change,
    },
    log,
  );
  exports.push(one);
  return { one, lines };
}

function span(name: string, change: Partial<Span> = {}): Span {
  return {
    name,
    kind: 4,
    traceId: "1".repeat(32),
    spanId: "2".repeat(16),
    parentSpanId: undefined,
    isParentRemote: false,
    state: undefined,
    startMs: 0,
    endMs: 1.5,
    common: {},
    attributes: {},
    error: undefined,
    ...change,
  };
}

const namesOf = ({ spans }: Request) => spans.map(({ name }) => name);

describe("SpanExport", () => {
  test("sends what has come after a while, with the headers", async () => {
    const { requests, url } = await startCollector(200);
    const { one, lines } = start(url);

    one.add(span("a"));
    one.add(span("b"));
    await untilTrue("an export", () => requests.length > 0);

    expect(requests.map(namesOf)).toEqual([["a", "b"]]);
    expect(requests[0]).toMatchObject({ url: "/v1/traces", headers: { authorization: "Bearer hunter2hunter2" } });
    expect(lines).toEqual([]);
  });

  test("sends a full export at once, and no more spans in one than may be", async () => {
    const { requests, url } = await startCollector(200);
    const { one } = start(url, { delayMs: 1_000_000 });

    for (const name of "abcdef") one.add(span(name));
    await untilTrue("an export", () => requests.length > 0);
    await one.stop();

    expect(requests.map(namesOf)).toEqual([
      ["a", "b", "c", "d"],
      ["e", "f"],
    ]);
  });

  test("sends again what the collector can't take at this time, and says so once", async () => {
    const { requests, url } = await startCollector(503, 429, 200);
    const { one, lines } = start(url);

    one.add(span("a"));
    await untilTrue("a success", () => requests.length === 3);
    await untilTrue("the log", () => lines.length === 2);

    expect(requests.map(namesOf)).toEqual([["a"], ["a"], ["a"]]);
    expect(lines).toMatchObject([
      { event: "traces-not-exported", reason: "the collector answered 503 Service Unavailable" },
      { event: "traces-exported" },
    ]);
    expect(JSON.stringify(lines)).not.toContain("hunter2");
  });

  test("drops what the collector refuses, and tells how many", async () => {
    const { requests, url } = await startCollector(400, 200);
    const { one, lines } = start(url);

    one.add(span("bad"));
    await untilTrue("a refusal", () => lines.length > 0);
    one.add(span("good"));
    await untilTrue("a success", () => lines.length === 3);

    expect(requests.map(namesOf)).toEqual([["bad"], ["good"]]);
    expect(lines).toMatchObject([
      { event: "traces-not-exported", reason: "the collector answered 400 Bad Request" },
      { event: "traces-exported" },
      { event: "spans-dropped", spans: 1 },
    ]);
  });

  test("keeps no more than may wait while the collector is away", async () => {
    const { requests, url } = await startCollector(503, 200);
    const { one, lines } = start(url, { delayMs: 1_000_000, maxExported: 10 });

    for (let count = 0; count < 25; count++) one.add(span(String(count)));
    await untilTrue("a refusal", () => lines.length > 0);
    await one.stop();

    expect(requests.map((request) => request.spans.length)).toEqual([10, 10]);
    expect(lines.at(-1)).toMatchObject({ event: "spans-dropped", spans: 15, maxQueued: 10 });
  });

  test("writes parent, link, state, times, attributes and status as OTLP's JSON has them", async () => {
    const { requests, url } = await startCollector(200);
    const { one } = start(url);
    const before = Date.now();

    const startMs = performance.now();
    one.add(
      span("a", {
        parentSpanId: "3".repeat(16),
        isParentRemote: true,
        state: "x=1",
        startMs,
        endMs: startMs + 1.25,
        common: { text: "t", left: undefined },
        attributes: { number: 7 },
        error: "it failed",
      }),
    );
    await untilTrue("an export", () => requests.length > 0);

    const [sent] = requests[0]?.spans ?? [];
    expect(sent).toMatchObject({
      traceId: "1".repeat(32),
      spanId: "2".repeat(16),
      parentSpanId: "3".repeat(16),
      traceState: "x=1",
      flags: 0x301,
      kind: 4,
      links: [{ traceId: "1".repeat(32), spanId: "3".repeat(16) }],
      attributes: [
        { key: "text", value: { stringValue: "t" } },
        { key: "number", value: { intValue: "7" } },
      ],
      status: { code: 2, message: "it failed" },
    });
    const [from, to] = [sent?.["startTimeUnixNano"], sent?.["endTimeUnixNano"]].map((value) => BigInt(String(value)));
    expect(Number((to ?? 0n) - (from ?? 0n)) / 1e6).toBeCloseTo(1.25, 3);
    expect(Math.abs(Number((from ?? 0n) / 1_000_000n) - before)).toBeLessThan(1000);
  });
});
