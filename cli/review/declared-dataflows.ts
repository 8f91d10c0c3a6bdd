import { configKey } from "../../components/relay/files.ts";
import type { Preview, Step } from "./preview.ts";
import type { Dataflow, Side } from "./review.ts";
import { fieldsAt, hasUnknown, listAt, numberAt, parseFields, textAt, textsAt, valueAt } from "./values.ts";
import type { Fields } from "./values.ts";

/** The dataflows of one relay, or of one profile of AIO's engine, on one side of a change. */
export interface DeclaredDataflows {
  readonly dataflows: ReadonlyMap<string, Dataflow>;
  /** Everything else that is said of each dataflow, to find what changes beside {@link Dataflow}'s own fields. */
  readonly details: ReadonlyMap<string, Fields>;
  readonly endpoints: ReadonlyMap<string, DeclaredEndpoint>;
  readonly instanceCount: number;
}

/** An endpoint, as far as a preview knows it. */
export interface DeclaredEndpoint {
  readonly name: string;
  readonly hostType?: string;
  readonly host?: string;
  readonly qos?: number;
  readonly retain?: string;
  readonly clientIdPrefix?: string;
  readonly sessionExpirySeconds?: number;
  /** The method of authentication, and who authenticates with it: clients that share it share Event Grid's limit of sessions. */
  readonly authentication: string;
}

/** One relay before and after. */
export interface RelayChange {
  /** Name of the relay's component; of its ConfigMap where that is not known. */
  readonly owner: string;
  readonly before?: DeclaredDataflows;
  readonly after?: DeclaredDataflows;
  /** Whether the new configuration was known as a whole. */
  readonly isKnown: boolean;
}

const relayType = "mqtt-dataflow:index:Relay";
const configMapType = "kubernetes:core/v1:ConfigMap";

/** The relays whose configuration a preview has. */
export function findRelays(preview: Preview): RelayChange[] {
  return preview.steps.filter(isRelayConfig).map((config) => readRelay(preview, config));
}

/** Tells whether a resource is the ConfigMap with a relay's configuration. */
export function isRelayConfig({ type, before, after }: Step): boolean {
  return type === configMapType && [before, after].some((inputs) => configKey in fieldsAt(inputs, "data"));
}

function readRelay(preview: Preview, config: Step): RelayChange {
  const component = preview.steps.find(({ type, name }) => type === relayType && name === config.parent);
  const owner = config.parent === "" ? config.name : config.parent;
  const isKnown = config.after === undefined || !hasUnknown(fieldsAt(config.after, "data"));
  // Both sides by the same source: what one of them can't know is then no difference.
  const before = isKnown ? ofConfig(config.before) : ofComponent(component?.before, new Map());
  const overlay = isKnown ? undefined : knownEndpoints(preview, before);
  const after = overlay === undefined ? ofConfig(config.after) : ofComponent(component?.after, overlay);
  return {
    owner,
    isKnown,
    ...(before === undefined ? {} : { before }),
    ...(after === undefined ? {} : { after }),
  };
}

/** Reads a rendered configuration leniently: an older release may have written it. */
function ofConfig(inputs: Fields | undefined): DeclaredDataflows | undefined {
  const document = parseFields(textAt(inputs, "data", configKey));
  if (document === undefined) return undefined;
  const endpoints = new Map(
    Object.entries(fieldsAt(document, "endpoints")).map(([name, endpoint]) => [name, readEndpoint(name, endpoint)]),
  );
  const entries = Object.entries(fieldsAt(document, "dataflows"));
  return {
    dataflows: new Map(entries.map(([name, flow]) => [name, readOperations(flow, endpoints, "Relay")])),
    details: new Map(entries.map(([name, flow]) => [name, detailsOf(flow)])),
    endpoints,
    instanceCount: numberAt(document, "profile", "instanceCount") ?? 1,
  };
}

export function readEndpoint(name: string, endpoint: unknown): DeclaredEndpoint {
  const settings = fieldsAt(endpoint, "mqttSettings");
  const authentication = fieldsAt(settings, "authentication");
  const own = Object.entries(authentication).find(([key]) => key.endsWith("Settings"))?.[1];
  const who = textAt(own, "clientId") ?? textAt(own, "secretRef") ?? textAt(settings, "username") ?? "";
  return withoutUndefined({
    name,
    hostType: textAt(endpoint, "hostType"),
    host: textAt(settings, "host"),
    qos: numberAt(settings, "qos"),
    retain: textAt(settings, "retain"),
    clientIdPrefix: textAt(settings, "clientIdPrefix"),
    sessionExpirySeconds: numberAt(settings, "sessionExpirySeconds"),
    authentication: [textAt(authentication, "method") ?? "", who === "" ? "" : `"${who}"`]
      .filter((part) => part !== "")
      .join(" of "),
  });
}

/** Reads a dataflow as AIO has it: operations of a source, a transformation and a destination. */
export function readOperations(
  flow: unknown,
  endpoints: ReadonlyMap<string, DeclaredEndpoint>,
  engine: Dataflow["engine"],
): Dataflow {
  const operations = listAt(flow, "operations");
  const source = operations.map((operation) => fieldsAt(operation, "sourceSettings")).find(hasFields) ?? {};
  const destination = operations.map((operation) => fieldsAt(operation, "destinationSettings")).find(hasFields) ?? {};
  const spool = textAt(flow, "relay", "spool", "mode") ?? textAt(flow, "requestDiskPersistence");
  return {
    engine,
    isEnabled: textAt(flow, "mode") !== "Disabled",
    source: sideOf(textAt(source, "endpointRef") ?? "", endpoints, "source"),
    destination: sideOf(textAt(destination, "endpointRef") ?? "", endpoints, "destination"),
    topicsFrom: textsAt(source, "dataSources"),
    topicTo: textAt(destination, "dataDestination") ?? "",
    ...(spool === undefined ? {} : { usesDisk: spool === "Enabled" }),
  };
}

/** Retain decides about what is published, so a source has none. */
function sideOf(
  endpoint: string,
  endpoints: ReadonlyMap<string, DeclaredEndpoint>,
  side: "source" | "destination",
): Side {
  const { host, qos, retain } = endpoints.get(endpoint) ?? {};
  return withoutUndefined({ endpoint, host, qos, retain: side === "destination" ? retain : undefined });
}

function hasFields(fields: Fields): boolean {
  return Object.keys(fields).length > 0;
}

/** What {@link Dataflow} does not say in its own words: transformations, and how the relay delivers. */
function detailsOf(flow: unknown): Fields {
  const operations = listAt(flow, "operations");
  const transformation = operations.find(({ operationType }) => operationType === "BuiltInTransformation");
  return { relay: fieldsAt(flow, "relay"), ...(transformation === undefined ? {} : { transformation }) };
}

const settingsOfEndpoints = ["host", "qos", "retain", "clientIdPrefix", "sessionExpirySeconds"] as const;

/**
 * Endpoints that the new configuration does not tell yet: as they were, with what their components show as changed. A namespace that
 * changes in place keeps its host name.
 */
function knownEndpoints(
  preview: Preview,
  before: DeclaredDataflows | undefined,
): ReadonlyMap<string, DeclaredEndpoint> {
  const isNewHost = preview.steps.some(
    ({ type, operation }) =>
      type.endsWith(":Namespace") && type.includes("eventgrid") && operation !== "update" && operation !== "same",
  );
  const components = preview.steps.filter(({ type }) => /^mqtt-dataflow:index:\w+Endpoint$/.test(type));
  return new Map(
    components.map((step) => {
      const name = textAt(step.after ?? step.before, "endpointName") ?? step.name;
      const changed = settingsOfEndpoints
        .filter((setting) => step.before?.[setting] !== step.after?.[setting] && !hasUnknown(step.after?.[setting]))
        .map((setting) => [setting, step.after?.[setting]] as const);
      const { host, ...kept } = before?.endpoints.get(name) ?? { name, authentication: "" };
      const known = { ...kept, ...(isNewHost || host === undefined ? {} : { host }) };
      return [name, { ...known, ...Object.fromEntries(changed) }];
    }),
  );
}

/** The same from what a program gave the component, where the configuration is not rendered yet. */
function ofComponent(
  inputs: Fields | undefined,
  known: ReadonlyMap<string, DeclaredEndpoint>,
): DeclaredDataflows | undefined {
  if (inputs === undefined || !("dataflows" in inputs)) return undefined;
  const endpoints = new Map(
    Object.entries(fieldsAt(inputs, "endpoints")).map(([name, endpoint]) => {
      const rendered = parseFields(textAt(endpoint, "config"));
      if (rendered !== undefined) return [name, readEndpoint(name, rendered)] as const;
      const hostType = textAt(endpoint, "hostType");
      return [name, withoutUndefined({ hostType, ...(known.get(name) ?? { name, authentication: "" }) })] as const;
    }),
  );
  const entries = Object.entries(fieldsAt(inputs, "dataflows")).filter(
    ([, flow]) => valueAt(flow, ["engine"]) !== "AzureIoTOperations",
  );
  return {
    dataflows: new Map(entries.map(([name, flow]) => [name, readArgs(flow, endpoints)])),
    details: new Map(entries.map(([name, flow]) => [name, deliveryOf(flow)])),
    endpoints,
    instanceCount: numberAt(inputs, "instanceCount") ?? 1,
  };
}

function readArgs(flow: unknown, endpoints: ReadonlyMap<string, DeclaredEndpoint>): Dataflow {
  const spool = textAt(flow, "spool", "mode");
  return {
    engine: "Relay",
    isEnabled: textAt(flow, "mode") !== "Disabled",
    source: sideOf(textAt(flow, "source") ?? "", endpoints, "source"),
    destination: sideOf(textAt(flow, "destination") ?? "", endpoints, "destination"),
    topicsFrom: textsAt(flow, "dataSources"),
    topicTo: textAt(flow, "dataDestination") ?? "",
    ...(spool === undefined ? {} : { usesDisk: spool === "Enabled" }),
  };
}

const namedFields = ["source", "destination", "dataSources", "dataDestination", "mode", "engine"];

function deliveryOf(flow: unknown): Fields {
  const others = Object.entries(fieldsAt({ flow }, "flow")).filter(([key]) => !namedFields.includes(key));
  return { relay: Object.fromEntries(others) };
}

/** Fields without those that are not known. */
export function withoutUndefined<T extends object>(fields: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  const known = Object.entries(fields).filter(([, value]) => value !== undefined);
  return Object.fromEntries(known) as { [K in keyof T]: Exclude<T[K], undefined> };
}
