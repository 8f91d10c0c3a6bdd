import { ConfigError } from "../../../../runtime/contract/errors.ts";
import { readTraceSettings } from "../../../../runtime/report/traces/settings.ts";

const on = { OTEL_TRACES_EXPORTER: "otlp", OTEL_EXPORTER_OTLP_ENDPOINT: "http://collector:4318" };

function problemsOf(env: Readonly<Record<string, string>>): string[] {
  try {
    readTraceSettings(env);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems.map((one) => `${one.path}: ${one.problem}`);
  }
  return [];
}

describe("readTraceSettings", () => {
  test.each([
    {},
    { OTEL_EXPORTER_OTLP_ENDPOINT: "http://collector:4318" },
    { OTEL_EXPORTER_OTLP_ENDPOINT: "http://collector:4318", OTEL_TRACES_SAMPLER: "always_on" },
    { ...on, OTEL_TRACES_EXPORTER: "none" },
    { ...on, OTEL_TRACES_EXPORTER: "none", OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: "http://collector:4318/v1/traces" },
    { ...on, OTEL_SDK_DISABLED: "true" },
  ])("traces nothing with %j", (env) => {
    expect(readTraceSettings(env)).toBeUndefined();
  });

  test("has the defaults of OpenTelemetry's specification", () => {
    const settings = readTraceSettings(on);

    expect(settings).toMatchObject({
      sampler: { name: "parentbased_always_on", ratio: 1 },
      headers: {},
      timeoutMs: 10_000,
      delayMs: 5000,
      maxQueued: 2048,
      maxExported: 512,
      resource: { "service.name": "mqtt-dataflow-relay" },
    });
    expect(settings?.url.href).toBe("http://collector:4318/v1/traces");
  });

  test("an endpoint for traces asks for them, and is taken as it is", () => {
    const env = { OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: "http://other:1/here", OTEL_EXPORTER_OTLP_TRACES_TIMEOUT: "7" };

    expect(readTraceSettings(env)).toMatchObject({ url: new URL("http://other:1/here"), timeoutMs: 7 });
  });

  test("reads sampler, share and bounds of the queue", () => {
    const env = { OTEL_TRACES_SAMPLER: "parentbased_traceidratio", OTEL_TRACES_SAMPLER_ARG: "0.01" };
    const queue = { OTEL_BSP_SCHEDULE_DELAY: "100", OTEL_BSP_MAX_QUEUE_SIZE: "50" };

    expect(readTraceSettings({ ...on, ...env, ...queue })).toMatchObject({
      sampler: { name: "parentbased_traceidratio", ratio: 0.01 },
      delayMs: 100,
      maxQueued: 50,
      maxExported: 50,
    });
  });

  test("names everything that can't be used", () => {
    const env = { OTEL_TRACES_EXPORTER: "otlp", OTEL_TRACES_SAMPLER: "jaeger_remote", OTEL_BSP_MAX_QUEUE_SIZE: "0" };

    expect(problemsOf(env)).toEqual([
      "OTEL_EXPORTER_OTLP_ENDPOINT: is not set, and OTEL_TRACES_EXPORTER asks for traces",
      'OTEL_TRACES_SAMPLER: is "jaeger_remote"',
      'OTEL_BSP_MAX_QUEUE_SIZE: is "0"',
    ]);
  });

  test.each(["1.01", "-1", "1e-2", "half", "0,1"])("refuses the share %s", (value) => {
    const env = { ...on, OTEL_TRACES_SAMPLER: "traceidratio", OTEL_TRACES_SAMPLER_ARG: value };

    expect(problemsOf(env)).toEqual([`OTEL_TRACES_SAMPLER_ARG: is "${value}"`]);
  });

  test("refuses a protocol that the relay does not speak", () => {
    expect(problemsOf({ ...on, OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: "grpc" })).toEqual([
      'OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: is "grpc", and the relay sends OTLP as JSON over HTTP only',
    ]);
  });
});
