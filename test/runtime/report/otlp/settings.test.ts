import { writeFileSync } from "node:fs";
import path from "node:path";

import { ConfigError } from "../../../../runtime/contract/errors.ts";
import { readOtlpSettings } from "../../../../runtime/report/otlp/settings.ts";
import { createTemporaryFolder, removeTemporaryFolders } from "../../../support/temporary-folder.ts";

const endpoint = { OTEL_EXPORTER_OTLP_ENDPOINT: "http://collector:4318" };

function problemsOf(env: Readonly<Record<string, string>>): string[] {
  try {
    readOtlpSettings(env);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems.map((one) => `${one.path}: ${one.problem}`);
  }
  return [];
}

describe("readOtlpSettings", () => {
  afterAll(removeTemporaryFolders);

  test.each([
    {},
    { OTEL_EXPORTER_OTLP_ENDPOINT: " " },
    { ...endpoint, OTEL_SDK_DISABLED: "TRUE" },
    { ...endpoint, OTEL_METRICS_EXPORTER: "none" },
    { ...endpoint, OTEL_METRICS_EXPORTER: "prometheus" },
  ])("exports nothing with %j", (env) => {
    expect(readOtlpSettings(env)).toBeUndefined();
  });

  test.each([
    ["http://collector:4318", "http://collector:4318/v1/metrics"],
    ["https://collector/otlp/", "https://collector/otlp/v1/metrics"],
  ])("takes %s as the base of all signals", (value, href) => {
    expect(readOtlpSettings({ OTEL_EXPORTER_OTLP_ENDPOINT: value })?.url.href).toBe(href);
  });

  test("takes the endpoint of metrics as it is, and before that of all signals", () => {
    const env = { ...endpoint, OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: "http://other:1/here" };

    expect(readOtlpSettings(env)?.url.href).toBe("http://other:1/here");
  });

  test("has the defaults of OpenTelemetry's specification", () => {
    expect(readOtlpSettings(endpoint)).toMatchObject({
      headers: {},
      intervalMs: 60_000,
      timeoutMs: 10_000,
      resource: { "service.name": "mqtt-dataflow-relay" },
    });
  });

  test("reads interval, time-out, headers, CA and attributes of the resource", () => {
    const ca = path.join(createTemporaryFolder("otlp"), "ca.pem");
    writeFileSync(ca, "a CA");

    const settings = readOtlpSettings({
      ...endpoint,
      OTEL_METRIC_EXPORT_INTERVAL: "5000",
      OTEL_EXPORTER_OTLP_TIMEOUT: "2000",
      OTEL_EXPORTER_OTLP_HEADERS: "api-key=a%20b=c, tenant = oslo",
      OTEL_EXPORTER_OTLP_CERTIFICATE: ca,
      OTEL_RESOURCE_ATTRIBUTES: "service.name=other,k8s.pod.name=relay-0",
      OTEL_SERVICE_NAME: "relay",
      OTEL_EXPORTER_OTLP_PROTOCOL: "http/json",
    });

    expect(settings).toEqual({
      url: new URL("http://collector:4318/v1/metrics"),
      headers: { "api-key": "a b=c", tenant: "oslo" },
      intervalMs: 5000,
      timeoutMs: 2000,
      ca: Buffer.from("a CA"),
      resource: { "service.name": "relay", "k8s.pod.name": "relay-0" },
    });
  });

  test("names every variable that can't be used", () => {
    const problems = problemsOf({
      OTEL_EXPORTER_OTLP_ENDPOINT: "collector:4317",
      OTEL_EXPORTER_OTLP_PROTOCOL: "grpc",
      OTEL_METRIC_EXPORT_INTERVAL: "0",
      OTEL_EXPORTER_OTLP_METRICS_TIMEOUT: "1e9",
      OTEL_EXPORTER_OTLP_CERTIFICATE: "/nowhere/ca.pem",
      OTEL_RESOURCE_ATTRIBUTES: "a=%zz",
    });

    expect(problems).toEqual([
      'OTEL_EXPORTER_OTLP_ENDPOINT: is "collector:4317"',
      'OTEL_EXPORTER_OTLP_METRICS_TIMEOUT: is "1e9"',
      'OTEL_RESOURCE_ATTRIBUTES: has no "name=value" as number 1',
      'OTEL_EXPORTER_OTLP_CERTIFICATE: is "/nowhere/ca.pem", which can\'t be read (ENOENT)',
      'OTEL_EXPORTER_OTLP_PROTOCOL: is "grpc", and the relay sends OTLP as JSON over HTTP only',
      'OTEL_METRIC_EXPORT_INTERVAL: is "0"',
    ]);
  });

  test.each(["authorization=Bearer hunter2%0d%0aHost: x", "hunter2", "author ization=hunter2"])(
    "refuses the headers %j, and shows none of them",
    (headers) => {
      const problems = problemsOf({ ...endpoint, OTEL_EXPORTER_OTLP_HEADERS: headers });

      expect(problems).toHaveLength(1);
      expect(problems[0]).toMatch(/^OTEL_EXPORTER_OTLP_HEADERS: has/);
      expect(problems[0]).not.toContain("hunter2");
    },
  );

  test("leaves a password in the endpoint out of what it says", () => {
    expect(problemsOf({ OTEL_EXPORTER_OTLP_ENDPOINT: "ftp://plant:hunter2@collector" })).toEqual([
      'OTEL_EXPORTER_OTLP_ENDPOINT: is "ftp://…@collector"',
    ]);
  });
});
