import { createServer } from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";

import { createLog } from "../../../runtime/report/log.ts";
import { exportMetrics } from "../../../runtime/report/otlp.ts";
import type { Relay } from "../../../runtime/relay.ts";

const relay = { dataflows: [], unattended: [], credentialEnds: [], spoolFilesAside: 2 } as unknown as Relay;
const metrics = { readProcess: () => Promise.resolve([]) };

function recordLog() {
  const lines: Record<string, unknown>[] = [];
  const log = createLog("info", { write: (line) => lines.push(JSON.parse(line) as Record<string, unknown>) });
  return { log, lines };
}

describe("exportMetrics", () => {
  test("does nothing without an endpoint", async () => {
    const { log, lines } = recordLog();

    expect(await exportMetrics(relay, metrics, { OTEL_SERVICE_NAME: "x" }, log)).toBeUndefined();

    expect(lines).toEqual([]);
  });

  test("says what can't be used, and goes on without", async () => {
    const { log, lines } = recordLog();
    const env = { OTEL_EXPORTER_OTLP_ENDPOINT: "http://collector:4317", OTEL_EXPORTER_OTLP_PROTOCOL: "grpc" };

    expect(await exportMetrics(relay, metrics, env, log)).toBeUndefined();

    expect(lines).toMatchObject(
      [{ level: "warn", event: "metrics-export-misconfigured", reason: /^OTEL_EXPORTER_OTLP_PROTOCOL: is "grpc"/ }].map(
        ({ reason, ...rest }) => ({ ...rest, reason: expect.stringMatching(reason) }),
      ),
    );
  });

  test("sends the relay's values to the collector that the environment names", async () => {
    const { log } = recordLog();
    const server = createServer();
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const asked = once(server, "request");

    const running = await exportMetrics(relay, metrics, { OTEL_EXPORTER_OTLP_ENDPOINT: url }, log);
    const stopped = running?.stop();
    const [request, response] = (await asked) as [AsyncIterable<Buffer>, { end(): void }];
    let body = "";
    for await (const chunk of request) body += chunk.toString();
    response.end();
    await stopped;
    server.close();

    expect(JSON.parse(body)).toHaveProperty("resourceMetrics");
    expect(body).toContain('"name":"relay_spool_files_aside"');
  });
});
