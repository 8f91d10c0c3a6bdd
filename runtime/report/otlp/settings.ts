import { readFileSync } from "node:fs";

import { ConfigError, type Problem } from "../../contract/errors.ts";
import { withoutUser } from "../../contract/shown-url.ts";

/** What is sent to a collector, as OpenTelemetry's variables name it. */
export type Signal = "METRICS" | "TRACES";

/** A collector, and how it is reached. */
export interface Collector {
  readonly url: URL;
  /** Secrets: they are never shown. */
  readonly headers: Readonly<Record<string, string>>;
  /** Longest time for one export. */
  readonly timeoutMs: number;
  /** CA that the collector's certificate is checked with, PEM; omitted: what the system trusts. */
  readonly ca?: Buffer;
  /** Attributes of the resource, `service.name` among them. */
  readonly resource: Readonly<Record<string, string>>;
}

/** Where metrics are sent, and with what. */
export interface OtlpSettings extends Collector {
  readonly intervalMs: number;
}

/** The process's environment. */
export type Environment = Readonly<Record<string, string | undefined>>;

const defaultIntervalMs = 60_000;
const minIntervalMs = 1000;
const defaultTimeoutMs = 10_000;
const serviceName = "mqtt-dataflow-relay";
const paths: Readonly<Record<Signal, string>> = { METRICS: "v1/metrics", TRACES: "v1/traces" };

/**
 * Reads OpenTelemetry's environment variables. `undefined` when no endpoint is given, or the SDK or its metrics are disabled.
 * @throws {ConfigError} naming every variable that can't be used; no value of a header is in it
 * @see OpenTelemetry, environment variable specification and OTLP exporter configuration
 */
export function readOtlpSettings(env: Environment): OtlpSettings | undefined {
  if (isDisabled(env) || !(env["OTEL_METRICS_EXPORTER"] ?? "otlp").split(",").includes("otlp")) return undefined;
  const problems: Problem[] = [];
  const collector = readCollector(env, "METRICS", problems);
  if (collector === undefined) return undefined;
  const intervalMs = readWhole(env, "OTEL_METRIC_EXPORT_INTERVAL", ms(minIntervalMs), defaultIntervalMs, problems);
  if (problems.length > 0) throw new ConfigError("the environment", problems);
  return { ...collector, intervalMs };
}

/** Whether nothing is to be sent at all. */
export function isDisabled(env: Environment): boolean {
  return env["OTEL_SDK_DISABLED"]?.trim().toLowerCase() === "true";
}

/** The collector that a signal is sent to; `undefined` when no endpoint is given for it. Adds what can't be used to `problems`. */
export function readCollector(env: Environment, signal: Signal, problems: Problem[]): Collector | undefined {
  const find = (suffix: string) => findVariable(env, signal, suffix);
  const endpoint = find("ENDPOINT");
  if (endpoint === undefined) return undefined;
  const collector = {
    url: readUrl(endpoint, paths[signal], problems),
    headers: readHeaders(find("HEADERS"), problems),
    timeoutMs: readWhole(env, find("TIMEOUT")?.name, ms(1), defaultTimeoutMs, problems),
    resource: readResource(env, problems),
    ...readCa(find("CERTIFICATE"), problems),
  };
  checkProtocol(find("PROTOCOL"), problems);
  return collector;
}

interface Variable {
  readonly name: string;
  readonly value: string;
}

/** A variable for one signal goes before the one for all of them; an empty one is as good as none. */
function findVariable(env: Environment, signal: Signal, suffix: string): Variable | undefined {
  const names = [`OTEL_EXPORTER_OTLP_${signal}_${suffix}`, `OTEL_EXPORTER_OTLP_${suffix}`];
  for (const name of names) {
    const value = env[name]?.trim();
    if (value !== undefined && value !== "") return { name, value };
  }
  return undefined;
}

/** That of all signals is a base; that of one signal is used as it is. */
function readUrl({ name, value }: Variable, path: string, problems: Problem[]): URL {
  const isBase = name === "OTEL_EXPORTER_OTLP_ENDPOINT";
  const given = URL.parse(value);
  if (given === null || !/^https?:$/.test(given.protocol)) {
    const remedy = 'give the URL of a collector that takes OTLP over HTTP, such as "http://collector:4318"';
    problems.push({ path: name, problem: `is "${withoutUser(value)}"`, remedy });
    return new URL("http://localhost");
  }
  if (isBase) given.pathname = `${given.pathname.replace(/\/*$/, "/")}${path}`;
  return given;
}

function checkProtocol(variable: Variable | undefined, problems: Problem[]): void {
  if (variable === undefined || variable.value === "http/json") return;
  const remedy = 'set it to "http/json", and the endpoint to the collector\'s port for HTTP, 4318 by default';
  const problem = `is "${variable.value}", and the relay sends OTLP as JSON over HTTP only`;
  problems.push({ path: variable.name, problem, remedy });
}

/** `authorization=Bearer%20abc,tenant=oslo` */
function readHeaders(variable: Variable | undefined, problems: Problem[]): Record<string, string> {
  const headers = readPairs(variable, problems);
  for (const name of Object.keys(headers)) {
    if (/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(name) && /^[\t\x20-\x7e\x80-\xff]*$/.test(headers[name] ?? "")) continue;
    const remedy = "give names and values that an HTTP header may have, with % escapes decoded";
    problems.push({ path: variable?.name ?? "", problem: "has a header that can't be sent", remedy });
  }
  return headers;
}

/** @see OpenTelemetry, resource SDK: OTEL_SERVICE_NAME goes before service.name of OTEL_RESOURCE_ATTRIBUTES */
function readResource(env: Environment, problems: Problem[]): Record<string, string> {
  const name = "OTEL_RESOURCE_ATTRIBUTES";
  const attributes = readPairs({ name, value: env[name]?.trim() ?? "" }, problems);
  const given = env["OTEL_SERVICE_NAME"]?.trim();
  return { "service.name": serviceName, ...attributes, ...(given ? { "service.name": given } : {}) };
}

/** Pairs of a name and a value, with `%` escapes in the value. */
function readPairs(variable: Variable | undefined, problems: Problem[]): Record<string, string> {
  const entries = (variable?.value ?? "").split(",").filter((pair) => pair.trim() !== "");
  const pairs: Record<string, string> = {};
  for (const [index, entry] of entries.entries()) {
    const at = entry.indexOf("=");
    const value = decode(entry.slice(at + 1).trim());
    if (at > 0 && value !== undefined) pairs[entry.slice(0, at).trim()] = value;
    else {
      const problem = `has no "name=value" as number ${index + 1}`;
      problems.push({ path: variable?.name ?? "", problem, remedy: "separate pairs by commas, and escape with %" });
    }
  }
  return pairs;
}

function decode(value: string): string | undefined {
  try {
    return decodeURIComponent(value);
  } catch {
    return undefined;
  }
}

/** What a variable counts: its unit in the plural, and the least that it may say. */
interface Count {
  readonly unit: string;
  readonly least: number;
}

function ms(least: number): Count {
  return { unit: "milliseconds", least };
}

/** Reads a whole number; more than nine digits are more than a timer takes. */
export function readWhole(
  env: Environment,
  name: string | undefined,
  { unit, least }: Count,
  unset: number,
  problems: Problem[],
): number {
  const value = name === undefined ? "" : (env[name]?.trim() ?? "");
  if (value === "") return unset;
  if (/^\d{1,9}$/.test(value) && Number(value) >= least) return Number(value);
  const remedy = `give ${unit}, ${least} to 999999999`;
  problems.push({ path: name ?? "", problem: `is "${value}"`, remedy });
  return unset;
}

function readCa(variable: Variable | undefined, problems: Problem[]): { ca?: Buffer } {
  if (variable === undefined) return {};
  try {
    return { ca: readFileSync(variable.value) };
  } catch (cause) {
    const code = (cause as { code?: string }).code ?? "unreadable";
    const problem = `is "${variable.value}", which can't be read (${code})`;
    problems.push({ path: variable.name, problem, remedy: "give a file with the CA of the collector, PEM" });
    return {};
  }
}
