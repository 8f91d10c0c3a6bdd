import { startHealthServer, type HealthServer } from "../../../runtime/report/health-server.ts";
import type { Relay } from "../../../runtime/relay.ts";

const servers: HealthServer[] = [];

afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

/** Serves a relay of which only its readiness is looked at. */
async function serve(readiness: Relay["readiness"], render = async () => "some_metric 1\n") {
  const server = await startHealthServer(0, { readiness } as unknown as Relay, {
    contentType: "text/plain; version=0.0.4",
    render,
  });
  servers.push(server);
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
    const first = await startHealthServer(0, {} as unknown as Relay, { contentType: "", render: async () => "" });
    servers.push(first);

    await expect(
      startHealthServer(first.port, {} as unknown as Relay, { contentType: "", render: async () => "" }),
    ).rejects.toMatchObject({ code: "EADDRINUSE" });
  });

  test("answers no more once it is closed", async () => {
    const ask = await serve(ready);
    expect(await ask("/livez")).toMatchObject({ status: 200 });

    servers.pop()?.close();

    await expect(ask("/livez")).rejects.toThrow();
  });
});
