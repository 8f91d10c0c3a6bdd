import type { RelayConfig } from "../../runtime/contract/config.ts";
import { parseRelayConfig } from "../../runtime/contract/config.ts";
import { dataflowParts, type Dataflow } from "../../runtime/contract/config/dataflow.ts";
import { HostType, type Endpoint } from "../../runtime/contract/config/endpoint.ts";
import { Expression, type Declared } from "./expression.ts";
import type { ImportedSecrets } from "./finding.ts";

/** The arguments of `MqttBridge`, with expressions where the program asks the stack's settings. */
export type Declaration = Readonly<Record<string, Declared>>;

/**
 * Writes a configuration as the arguments of `MqttBridge`. What a default says already is left out.
 * @param site name of the site where the configuration has none
 */
export function declare(config: RelayConfig, site: string, { secrets, trustBundles }: ImportedSecrets): Declaration {
  const plain = defaultsOf(config);
  const byType = (type: HostType) => {
    const named = Object.entries(config.endpoints).filter(([, { hostType }]) => hostType === type);
    return named.length === 0
      ? undefined
      : Object.fromEntries(named.map(([name, endpoint]) => [name, declareEndpoint(endpoint)]));
  };
  const { profile, relay } = config;
  const declared = {
    site,
    localEndpoints: byType(HostType.LocalBroker),
    eventGridEndpoints: byType(HostType.EventGrid),
    customEndpoints: byType(HostType.CustomMqtt),
    dataflows: Object.fromEntries(
      Object.entries(config.dataflows).map(([name, flow]) => [name, declareDataflow(flow, plain.dataflows[name])]),
    ),
    relay: {
      image: new Expression('config.require("relayImage")'),
      ...differing(profile, plain.profile, ["instanceCount"]),
      ...(profile.diagnostics.logs.level === "info" ? {} : { logLevel: profile.diagnostics.logs.level }),
      ...differing(relay, plain.relay, ["drainTimeoutSeconds"]),
      ...(secrets.length === 0 ? {} : { secrets: declareSecrets(secrets) }),
      ...(Object.keys(trustBundles).length === 0 ? {} : { trustBundles: declareBundles(trustBundles) }),
    },
  };
  return clean(declared);
}

/** The same configuration with nothing said of what has a default. */
function defaultsOf(config: RelayConfig): RelayConfig {
  const dataflows = Object.entries(config.dataflows).map(([name, { operations }]) => [name, { operations }]);
  const document = { endpoints: config.endpoints, dataflows: Object.fromEntries(dataflows) as unknown };
  return parseRelayConfig(JSON.stringify(document), { where: "defaults" }).config;
}

/** @see MqttSettingsArgs, the defaults of `runtime/contract/config/endpoint.ts` */
const endpointDefaults = {
  protocol: "Mqtt",
  keepAliveSeconds: 60,
  maxInflightMessages: 100,
  qos: 1,
  retain: "Keep",
  sessionExpirySeconds: 3600,
};

function declareEndpoint({ hostType, mqttSettings, relay }: Endpoint): Declared {
  const { host, authentication, tls, clientIdPrefix, cloudEventAttributes } = mqttSettings;
  const { method, ...settings } = authentication;
  const own: Readonly<Record<string, Declared>> = Object.assign({}, ...Object.values(settings)) as Record<
    string,
    Declared
  >;
  const isUnsaid = clientIdPrefix === "" && hostType !== HostType.LocalBroker;
  return clean({
    host,
    authenticationMethod: method,
    ...own,
    ...differing(mqttSettings, endpointDefaults, Object.keys(endpointDefaults) as (keyof typeof endpointDefaults)[]),
    clientIdPrefix,
    allowEmptyClientIdPrefix: isUnsaid ? true : undefined,
    tlsMode: tls.mode === "Enabled" ? undefined : tls.mode,
    trustedCaCertificateConfigMapRef: tls.trustedCaCertificateConfigMapRef,
    cloudEventAttributes,
    username: relay.username,
    allowSharedSubscriptions: relay.allowSharedSubscriptions ? true : undefined,
    proxy: relay.proxy,
  });
}

function declareDataflow(dataflow: Dataflow, plain: Dataflow | undefined): Declared {
  const parts = dataflowParts(dataflow);
  const { relay, mode, requestDiskPersistence } = dataflow;
  const fields = [
    "undeliverableMessages",
    "maxInflightBytes",
    "stallTimeoutSeconds",
    "refusalTimeoutSeconds",
    "maxHops",
  ] as const;
  const spool = differing(
    relay.spool,
    plain?.relay.spool ?? {},
    Object.keys(relay.spool) as (keyof typeof relay.spool)[],
  );
  return clean({
    source: parts?.source.endpointRef,
    dataSources: parts?.source.dataSources,
    destination: parts?.destination.endpointRef,
    dataDestination: parts?.destination.dataDestination,
    mode: mode === "Enabled" ? undefined : mode,
    ...(parts?.transformation === undefined
      ? {}
      : { serializationFormat: parts.transformation.serializationFormat, schemaRef: parts.transformation.schemaRef }),
    assetRef: parts?.source.assetRef,
    sourceSchemaRef: parts?.source.schemaRef,
    requestDiskPersistence,
    ...differing(relay, plain?.relay ?? {}, fields),
    deadLetter: relay.deadLetter && { endpoint: relay.deadLetter.endpointRef, topic: relay.deadLetter.topic },
    spool: Object.keys(spool).length === 0 ? undefined : spool,
  });
}

function declareSecrets(secrets: ImportedSecrets["secrets"]): Declared {
  return Object.fromEntries(
    secrets.map(({ ref, settings }) => [
      ref,
      Object.fromEntries(
        Object.entries(settings).map(([argument, setting]) => {
          const read = argument === "clientCertificate" ? "require" : "requireSecret";
          return [argument, new Expression(`config.${read}(${JSON.stringify(setting)})`)];
        }),
      ),
    ]),
  );
}

function declareBundles(bundles: ImportedSecrets["trustBundles"]): Declared {
  return Object.fromEntries(
    Object.entries(bundles).map(([ref, setting]) => [
      ref,
      new Expression(`config.require(${JSON.stringify(setting)})`),
    ]),
  );
}

/** Those of the fields that are not as they are by default. */
function differing<T extends object>(
  from: T,
  plain: object,
  fields: readonly (keyof T & string)[],
): Record<string, Declared> {
  const others = fields.filter((field) => from[field] !== undefined && from[field] !== (plain as Partial<T>)[field]);
  return Object.fromEntries(others.map((field) => [field, from[field] as Declared]));
}

/** Leaves out what is not there, at every depth. */
function clean(value: object): Declaration {
  const given = Object.entries(value).filter(([, inner]) => inner !== undefined);
  return Object.fromEntries(
    given.map(([key, inner]: [string, unknown]) => {
      const isPlain =
        typeof inner === "object" && inner !== null && !Array.isArray(inner) && !(inner instanceof Expression);
      return [key, isPlain ? clean(inner) : (inner as Declared)];
    }),
  );
}
