import { createLog } from "../../../runtime/report/log.ts";
import { startTracing } from "../../../runtime/report/traces.ts";

function recordLog() {
  const lines: Record<string, unknown>[] = [];
  const log = createLog("info", { write: (line) => lines.push(JSON.parse(line) as Record<string, unknown>) });
  return { log, lines };
}

const collector = { OTEL_EXPORTER_OTLP_ENDPOINT: "http://127.0.0.1:1" };

describe("startTracing", () => {
  test.each([{}, collector, { ...collector, OTEL_TRACES_EXPORTER: "none" }])("traces nothing with %j", async (env) => {
    const { log, lines } = recordLog();

    expect(await startTracing(env, log)).toBeUndefined();

    expect(lines).toEqual([]);
  });

  test("says what can't be used, and goes on without", async () => {
    const { log, lines } = recordLog();

    expect(
      await startTracing({ ...collector, OTEL_TRACES_EXPORTER: "otlp", OTEL_TRACES_SAMPLER: "some" }, log),
    ).toBeUndefined();

    expect(lines).toMatchObject([{ level: "warn", event: "traces-export-misconfigured" }]);
    expect(lines[0]?.["reason"]).toMatch(/^OTEL_TRACES_SAMPLER: is "some"/);
  });

  test("says that it traces, and how much", async () => {
    const { log, lines } = recordLog();
    const env = { OTEL_TRACES_SAMPLER: "parentbased_traceidratio", OTEL_TRACES_SAMPLER_ARG: "0.1" };

    const tracing = await startTracing({ ...collector, OTEL_TRACES_EXPORTER: "otlp", ...env }, log);
    await tracing?.stop();

    expect(lines).toMatchObject([{ event: "traces-on", sampler: "parentbased_traceidratio", ratio: 0.1 }]);
  });
});
