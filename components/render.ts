import { formatRelayConfig, parseRelayConfig } from "../runtime/contract/config.ts";
import type { RelayConfig, RelayConfigInput } from "../runtime/contract/config.ts";
import { depthProblem, sizeProblem } from "../runtime/contract/config/limits.ts";
import { ConfigError } from "../runtime/contract/errors.ts";
import type { Problem } from "../runtime/contract/errors.ts";
import { buildDataflow, isForAio } from "./dataflow.ts";
import type { DataflowArgs } from "./dataflow.ts";
import { declaredRemedy } from "./declared-remedy.ts";
import { endpointPlaces } from "./endpoint/config.ts";
import type { LogLevel } from "./enumerations.ts";
import { Places } from "./places.ts";
import type { ProxyArgs, RelayStatusArgs, RelayStatusPageArgs } from "./relay/settings.ts";

/** All that decides the relay's configuration, with plain values. */
export interface RelayDeclaration {
  readonly site?: string | undefined;
  /** Endpoints by name, as the relay's configuration has them. */
  readonly endpoints: RelayConfigInput["endpoints"];
  readonly dataflows: { readonly [name: string]: DataflowArgs };
  readonly instanceCount?: number | undefined;
  readonly logLevel?: LogLevel | undefined;
  readonly metricsPort?: number | undefined;
  readonly drainTimeoutSeconds?: number | undefined;
  readonly mountPath?: string | undefined;
  readonly status?: RelayStatusArgs | undefined;
  readonly statusPage?: RelayStatusPageArgs | undefined;
  readonly proxy?: ProxyArgs | undefined;
}

/** A rendered configuration. */
export interface RenderedConfig {
  /** The document: every default explicit, keys in order, the same bytes for the same declaration. */
  readonly text: string;
  /** What the relay will read from just that text. */
  readonly config: RelayConfig;
  /** What works and may still lose messages. */
  readonly warnings: readonly Problem[];
}

/**
 * Renders the relay's configuration.
 * @throws {ConfigError} with every problem, each at its path in the declaration
 */
export function renderRelayConfig(where: string, declaration: RelayDeclaration): RenderedConfig {
  const text = formatRelayConfig(readDeclaration(where, declaration));
  // The relay gets this text and no other, so this text is what has to be right.
  const { config, warnings } = atDeclaredPaths(where, () => parseRelayConfig(text, { where }));
  return { text, config, warnings: warnings.map(asDeclared) };
}

/** Reads a declaration as the relay reads its configuration, with every default filled in. */
function readDeclaration(where: string, declaration: RelayDeclaration): RelayConfig {
  const foreign = Object.entries(declaration.dataflows).filter(([, dataflow]) => isForAio(dataflow));
  if (foreign.length > 0) {
    throw new ConfigError(
      where,
      foreign.map(([name]) => notForRelay(name)),
    );
  }
  const tooDeep = depthProblem(declaration, "declaration");
  if (tooDeep !== undefined) throw new ConfigError(where, [tooDeep]);
  const written = formatRelayConfig(buildRelayConfig(declaration));
  return atDeclaredPaths(where, () => parseRelayConfig(written, { where }).config);
}

function atDeclaredPaths<T>(where: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw error instanceof ConfigError
      ? new ConfigError(where, error.problems.map(asDeclared), { cause: error })
      : error;
  }
}

/** Lists what is wrong with a declaration, and what `checkMore` finds in one that can be read; empty when all is well. */
export function checkRelayConfig(
  declaration: RelayDeclaration,
  checkMore: (config: RelayConfig) => readonly Problem[] = () => [],
): readonly Problem[] {
  try {
    const config = readDeclaration("declaration", declaration);
    const tooLarge = sizeProblem(formatRelayConfig(config));
    return tooLarge === undefined ? checkMore(config) : [tooLarge];
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
}

function notForRelay(name: string): Problem {
  const problem = "is AzureIoTOperations, and this is the relay";
  return {
    path: `dataflows.${name}.engine`,
    problem,
    remedy: 'set it to "Relay", or give the dataflow to AioDataflows',
  };
}

function asDeclared({ path, remedy, ...problem }: Problem): Problem {
  return { path: declaredPath(path), remedy: declaredRemedy(remedy), ...problem };
}

function buildRelayConfig(declaration: RelayDeclaration): RelayConfigInput {
  const {
    site,
    endpoints,
    dataflows,
    instanceCount,
    logLevel,
    metricsPort,
    drainTimeoutSeconds,
    mountPath,
    status,
    statusPage,
    proxy,
  } = declaration;
  return {
    schemaVersion: 1,
    endpoints,
    profile: {
      instanceCount,
      diagnostics: { logs: { level: logLevel }, metrics: { prometheusPort: metricsPort } },
    },
    dataflows: Object.fromEntries(Object.entries(dataflows).map(([name, dataflow]) => [name, buildDataflow(dataflow)])),
    relay: {
      site,
      drainTimeoutSeconds,
      mountPath,
      ...(proxy === undefined ? {} : { proxy }),
      ...(statusPage === undefined ? {} : { statusPage: { port: statusPage.port, tap: statusPage.tap } }),
      ...(status === undefined ? {} : { status: { endpointRef: status.endpoint, topic: status.topic } }),
    },
  };
}

const dataflowPlaces = new Places().learn(buildDataflow);
const documentPlaces = new Places().learn(buildRelayConfig, { endpoints: {}, dataflows: {} });

/**
 * Says a path as whoever wrote the declaration knows it.
 * `endpoints.cloud.mqttSettings.tls.mode` → `endpoints.cloud.tlsMode`
 */
export function declaredPath(path: string): string {
  const [, start = "", part, rest = ""] = /^((endpoints|dataflows)\.[^.]+\.)(.+)$/.exec(path) ?? [];
  if (part === undefined) return documentPlaces.declaredPath(path) ?? path;
  const field = (part === "endpoints" ? endpointPlaces : dataflowPlaces).declaredPath(rest);
  return field === undefined ? path : start + field;
}
