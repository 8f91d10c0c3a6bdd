import { startHealthServer } from "../../../runtime/report/health-server.ts";
import { createLog } from "../../../runtime/report/log.ts";
import { maxConnections, type PageServer } from "../../../runtime/report/page-server.ts";
import type { Relay } from "../../../runtime/relay.ts";
import { until } from "../../support/patience.ts";
import { openConnection } from "../../support/raw-connection.ts";

const servers: PageServer[] = [];
let lines: Record<string, unknown>[];

beforeEach(() => {
  lines = [];
});

afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

async function start(relay: Pick<Relay, "readiness">, render = async () => "some_metric 1\n", port = 0) {
  const log = createLog("warn", { write: (line) => lines.push(JSON.parse(line) as Record<string, unknown>) });
  const metrics = { contentType: "text/plain; version=0.0.4", render };
  const server = await startHealthServer({ host: "127.0.0.1", port, relay, metrics, log });
  servers.push(server);
  return server;
}

/** Serves a relay of which only its readiness is looked at. */
async function serve(readiness: Relay["readiness"], render?: () => Promise<string>) {
  const server = await start({ readiness }, render);
  return async (path: string) => {
    const response = await fetch(`http://127.0.0.1:${server.port}${path}`);
    return { status: response.status, text: await response.text(), type: response.headers.get("content-type") };
  };
}

const ready: Relay["readiness"] = { isReady: true, reasons: [] };
const notReady: Relay["readiness"] = {
  isReady: false,
  reasons: ["up: source is down, no route", "down: destination is connecting"],
};

describe("the health server", () => {
  test.each(["/startupz", "/livez"])("%s answers 200 whatever its dataflows do", async (path) => {
    const ask = await serve(notReady);

    expect(await ask(path)).toMatchObject({ status: 200, text: "ok\n" });
  });

  test("/readyz answers 200 when every dataflow is up", async () => {
    const ask = await serve(ready);

    expect(await ask("/readyz")).toMatchObject({ status: 200, text: "ready\n" });
  });

  test("/readyz answers 503 with a line for each reason", async () => {
    const ask = await serve(notReady);

    expect(await ask("/readyz")).toMatchObject({
      status: 503,
      text: "up: source is down, no route\ndown: destination is connecting\n",
      type: "text/plain; charset=utf-8",
    });
  });

  test("/readyz answers 503 while the relay stops, though every dataflow is still up", async () => {
    const ask = await serve({ isReady: false, reasons: [] });

    expect(await ask("/readyz")).toMatchObject({ status: 503, text: "stopping\n" });
  });

  test("answers a probe with a query all the same", async () => {
    const ask = await serve(ready);

    expect(await ask("/readyz?verbose=1")).toMatchObject({ status: 200 });
  });

  test("/metrics answers with the exposition and its content type", async () => {
    const ask = await serve(ready);

    expect(await ask("/metrics")).toEqual({ status: 200, text: "some_metric 1\n", type: "text/plain; version=0.0.4" });
  });

  test("/metrics answers 500 when it can't be rendered, and the server goes on", async () => {
    const ask = await serve(ready, () => Promise.reject(new Error("no registry")));

    expect(await ask("/metrics")).toMatchObject({ status: 500, text: "no registry\n" });
    expect(await ask("/livez")).toMatchObject({ status: 200 });
  });

  test("says what there is to an unknown path", async () => {
    const ask = await serve(ready);

    expect(await ask("/")).toMatchObject({
      status: 404,
      text: "not found; there are /startupz, /livez, /readyz and /metrics\n",
    });
  });

  test("says so when its port is taken", async () => {
    const first = await start({ readiness: ready });

    await expect(start({ readiness: ready }, undefined, first.port)).rejects.toMatchObject({ code: "EADDRINUSE" });
  });

  test("writes a reason from outside so that it neither forges a line nor steers a terminal", async () => {
    const reason = "up: destination is down, 0x87 (\u001b[2J\u0085\u2028\u202e\u2066\u009b\u007f\nready)";
    const ask = await serve({ isReady: false, reasons: [reason] });

    const { text } = await ask("/readyz");

    expect(text).toBe(
      "up: destination is down, 0x87 (\\u001b[2J\\u0085\\u2028\\u202e\\u2066\\u009b\\u007f\\u000aready)\n",
    );
  });

  test("writes the error of a page that can't be rendered in one line without controls", async () => {
    const ask = await serve(ready, () => Promise.reject(new Error("no\nregistry\u001b[0m")));

    expect((await ask("/metrics")).text).toBe("no\\u000aregistry\\u001b[0m\n");
  });

  test("renders the metrics once for all who ask at the same time", async () => {
    const render = jest.fn(async () => "some_metric 1\n");
    const ask = await serve(ready, render);

    const answers = await Promise.all(Array.from({ length: 30 }, () => ask("/metrics")));

    expect(answers.every(({ status, text }) => status === 200 && text === "some_metric 1\n")).toBe(true);
    // Not all of them come in one turn: some find the first rendering begun, and share the second.
    expect(render.mock.calls.length).toBeLessThan(15);
  });

  test("looks at readiness once for all who ask at the same time", async () => {
    let looks = 0;
    const relay = {
      get readiness() {
        looks++;
        const deadline = performance.now() + 2;
        while (performance.now() < deadline); // as with hundreds of dataflows
        return ready;
      },
    };
    const { port } = await start(relay);

    await Promise.all(Array.from({ length: 30 }, () => fetch(`http://127.0.0.1:${port}/readyz`)));

    expect(looks).toBeLessThan(15);
  });

  test("says in its log that somebody has too many connections, once for many of them", async () => {
    const { port } = await start({ readiness: ready });

    for (let count = 0; count < maxConnections + 20; count++) await openConnection(port);

    await until("the line", () => lines[0]);
    expect(lines).toEqual([
      expect.objectContaining({
        msg: "too many connections for probes and metrics, dropping the oldest",
        address: "127.0.0.1",
        maxConnections,
      }),
    ]);
  });

  test("answers no more once it is closed", async () => {
    const ask = await serve(ready);
    expect(await ask("/livez")).toMatchObject({ status: 200 });

    servers.pop()?.close();

    await expect(ask("/livez")).rejects.toThrow();
  });
});
