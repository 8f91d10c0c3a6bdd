import * as kubernetesconfiguration from "@pulumi/azure-native/kubernetesconfiguration/index.js";
import { Provider } from "@pulumi/kubernetes/provider.js";
import * as pulumi from "@pulumi/pulumi";

import { checkedArgs, declaredArgs } from "./arguments/declared.ts";
import { isFields } from "./arguments/shape.ts";
import { AioDataflows } from "./aio-dataflows.ts";
import type { AioDataflowsArgs } from "./aio-dataflows.ts";
import type { DataflowProfileArgs } from "./aio/profile.ts";
import { checkBridge } from "./bridge/check.ts";
import { brokerHost, listEndpoints, mapValues, planEndpoints } from "./bridge/endpoints.ts";
import type { BridgeEndpoints } from "./bridge/endpoints.ts";
import { aioEndpointUsers, dataflowsByEngine, aioEndpointTest, hasRelay } from "./bridge/engines.ts";
import { fleetOf } from "./bridge/fleet.ts";
import { planGrants } from "./bridge/grants.ts";
import { identitiesOfAio, identitiesOfRelay, mapIdentities } from "./bridge/identities.ts";
import { CustomEndpoint } from "./custom-endpoint.ts";
import type { CustomEndpointArgs } from "./custom-endpoint.ts";
import type { DataflowArgs } from "./dataflow.ts";
import { mountsOf } from "./endpoint/mounts.ts";
import type { AioInstanceArgs } from "./endpoint/settings.ts";
import type { PrincipalType, RoleScope } from "./enumerations.ts";
import { EventGridBroker } from "./event-grid-broker.ts";
import type { EventGridBrokerArgs } from "./event-grid-broker.ts";
import { EventGridEndpoint } from "./event-grid-endpoint.ts";
import type { EventGridEndpointSettingsArgs } from "./event-grid-endpoint.ts";
import type { ExistingNamespaceArgs } from "./event-grid/settings.ts";
import { buildFluxConfiguration } from "./git-ops/flux.ts";
import type { GitOpsArgs } from "./git-ops/settings.ts";
import { warnOnce } from "./given-warnings.ts";
import { LocalEndpoint } from "./local-endpoint.ts";
import type { LocalEndpointArgs } from "./local-endpoint.ts";
import { programOf } from "./program.ts";
import { readable, refuse } from "./refuse.ts";
import { Relay } from "./relay.ts";
import type { RelayArgs } from "./relay.ts";
import { aioNamespace } from "./relay/defaults.ts";
import type { RelaySettingsArgs, WorkloadIdentityArgs } from "./relay/settings.ts";
import { TopicSpaceAccess } from "./topic-space-access.ts";

/** The user-assigned managed identity that a bridge authenticates with. */
export interface BridgeIdentityArgs extends WorkloadIdentityArgs {
  /** Microsoft Entra tenant of the managed identity. */
  tenantId: pulumi.Input<string>;
  /**
   * Object ID of the managed identity, or of a group that it is in. Given, it gets the roles that the dataflows call for, at the
   * namespace of `eventGrid` and at `existingNamespaces`; omitted, they are left to others.
   */
  principalId?: pulumi.Input<string>;
  /**
   * What that object is.
   * @default "ServicePrincipal"
   */
  principalType?: pulumi.Input<PrincipalType>;
  /**
   * Where it gets them: at the topic spaces that the dataflows need, or at the whole namespace.
   * @default "TopicSpace"
   */
  roleScope?: RoleScope;
}

export interface MqttBridgeArgs {
  /** Name of the site: client identifiers begin with it, logs and metrics carry it. A change abandons all sessions. */
  site: string;
  /** Event Grid namespace to create. Omitted: endpoints at Event Grid name the host of an existing one. */
  eventGrid?: EventGridBrokerArgs;
  /** Endpoints at AIO's own broker, by name. */
  localEndpoints?: { [name: string]: LocalEndpointArgs };
  /** Endpoints at Event Grid, by name; one without a host is at the namespace that `eventGrid` creates. */
  eventGridEndpoints?: { [name: string]: EventGridEndpointSettingsArgs };
  /**
   * Event Grid namespaces that exist already and where identities of the bridge get their roles, by a name of yours, which the role
   * assignments carry. Omitted: roles at existing namespaces are left to others.
   */
  existingNamespaces?: { [name: string]: ExistingNamespaceArgs };
  /** Endpoints at any other MQTT broker, by name. */
  customEndpoints?: { [name: string]: CustomEndpointArgs };
  /** Dataflows by name. */
  dataflows: { [name: string]: DataflowArgs };
  /** Managed identity for endpoints with UserAssignedManagedIdentity that name no other, at any broker and of whichever engine. */
  identity?: BridgeIdentityArgs;
  /**
   * Managed identities of endpoints that have a client ID of their own, by a name of yours. Each is that of the endpoints with its
   * client ID, and gets their roles and the federated identity credential of the relay.
   */
  furtherIdentities?: { [name: string]: BridgeIdentityArgs };
  /** AIO instance to create `DataflowEndpoint` resources in, of every endpoint that AIO's API can express. */
  instance?: AioInstanceArgs;
  /** Profile that AIO's engine runs its dataflows with. Omitted: one of the bridge's own, with one instance. */
  dataflowProfile?: DataflowProfileArgs;
  /** How the relay runs. Omitted: AIO's engine runs all dataflows, and there is no relay. */
  relay?: RelaySettingsArgs;
  /** Hands the cluster's part over in files. Omitted: Pulumi applies it to the cluster itself. */
  gitOps?: GitOpsArgs;
}

/**
 * One site's MQTT dataflows from one declaration: the Event Grid namespace and its topic spaces, the role assignments
 * that the dataflows call for, the dataflow endpoints, and the dataflows in the relay or in AIO's own engine. Creates
 * neither cluster nor AIO nor identity.
 *
 *     new MqttBridge("oslo", {
 *       site: "oslo",
 *       eventGrid: { resourceGroupName, topicSpaces: { telemetry: { topicTemplates: ["sites/oslo/#"] } } },
 *       localEndpoints: { edge: {} },
 *       eventGridEndpoints: { cloud: {} },
 *       dataflows: {
 *         telemetry: {
 *           source: "edge",
 *           dataSources: ["plant/+/telemetry/#"],
 *           destination: "cloud",
 *           dataDestination: "sites/oslo/${inputTopic}",
 *         },
 *       },
 *       identity: { clientId, tenantId, principalId },
 *       relay: { image },
 *     });
 */
export class MqttBridge extends pulumi.ComponentResource {
  static readonly typeToken = "mqtt-dataflow:index:MqttBridge";

  /** Host name of the Event Grid namespace, when the bridge creates one. */
  readonly hostname: pulumi.Output<string | undefined>;
  /** Resource ID of the Event Grid namespace, when the bridge creates one. */
  readonly namespaceId: pulumi.Output<string | undefined>;
  /** Name of that namespace. */
  readonly namespaceName: pulumi.Output<string | undefined>;
  /** Topic space resource IDs by name; empty when the bridge creates no namespace. */
  readonly topicSpaceIds: { readonly [name: string]: pulumi.Output<string> };
  /** The relay's rendered configuration: every default explicit, the same bytes for the same declaration. */
  readonly configText: pulumi.Output<string | undefined>;
  /** Name of the ConfigMap that holds it under the key `config.json`; none without a relay. */
  readonly configMapName: pulumi.Output<string | undefined>;
  /** Name of the relay's StatefulSet; none without a relay. */
  readonly statefulSetName: pulumi.Output<string | undefined>;
  /** Name of the relay's service account; none without a relay. */
  readonly serviceAccountName: pulumi.Output<string | undefined>;

  constructor(name: string, args: MqttBridgeArgs, opts?: pulumi.ComponentResourceOptions) {
    super(MqttBridge.typeToken, name, withHiddenSecrets(readable(name, args)), opts);
    args = declaredArgs(this, MqttBridge.typeToken, name, args);
    const { problems, warnings } = checkBridge(name, args);
    refuse(this, name, [...problems, ...fleetOf(programOf()).add(name, args, this)]);
    warnOnce(this, warnings);
    const child = { parent: this };
    const inCluster =
      args.gitOps === undefined ? child : { ...child, provider: createManifestProvider(this, name, args.gitOps) };

    const broker = args.eventGrid && new EventGridBroker(`${name}-broker`, checkedArgs(args.eventGrid), child);
    for (const { noun, access } of planGrants(this, name, args, broker)) {
      new TopicSpaceAccess(`${name}-${noun}`, checkedArgs(access), child);
    }

    const planned = planEndpoints(args, brokerHost(broker?.hostname ?? ""));
    const endpoints = createEndpoints(name, planned, inCluster);
    const aioArgs = buildAioDataflows(args, planned, endpoints);
    const aioDataflows = aioArgs && new AioDataflows(`${name}-aio`, checkedArgs(aioArgs), inCluster);
    const relayArgs = buildRelay(args, planned, endpoints, aioDataflows);
    const relay = relayArgs && new Relay(`${name}-relay`, checkedArgs(relayArgs), inCluster);
    if (args.gitOps?.flux !== undefined) {
      const namespace = args.relay?.namespace ?? aioNamespace;
      const flux = buildFluxConfiguration(`${name}-relay`, namespace, args.gitOps.flux);
      new kubernetesconfiguration.FluxConfiguration(`${name}-flux`, flux, child);
    }

    const none = pulumi.output<string | undefined>(undefined);
    this.hostname = broker?.hostname ?? none;
    this.namespaceId = broker?.namespaceId ?? none;
    this.namespaceName = broker?.namespaceName ?? none;
    this.topicSpaceIds = broker?.topicSpaceIds ?? {};
    this.configText = relay?.configText ?? none;
    this.configMapName = relay?.configMapName ?? none;
    this.statefulSetName = relay?.statefulSetName ?? none;
    this.serviceAccountName = relay?.serviceAccountName ?? none;
    const {
      hostname,
      namespaceId,
      namespaceName,
      topicSpaceIds,
      configText,
      configMapName,
      statefulSetName,
      serviceAccountName,
    } = this;
    this.registerOutputs({
      hostname,
      namespaceId,
      namespaceName,
      topicSpaceIds,
      configText,
      configMapName,
      statefulSetName,
      serviceAccountName,
    });
  }
}

/** Writes Kubernetes objects to files; a ConfigMap that changes keeps its name, and its file. */
function createManifestProvider(bridge: MqttBridge, name: string, { directory }: GitOpsArgs): Provider {
  const args = { renderYamlToDirectory: directory, enableConfigMapMutable: true };
  return new Provider(`${name}-manifests`, args, { parent: bridge });
}

/** The arguments as the state may keep them. */
function withHiddenSecrets({ relay, ...args }: MqttBridgeArgs): pulumi.Inputs {
  // Its shape is compared with the schema later, once there is a resource that can show what is wrong.
  if (!isFields(relay) || relay.secrets === undefined) return { ...args, relay };
  return { ...args, relay: { ...relay, secrets: pulumi.secret(relay.secrets) } };
}

interface Endpoints {
  readonly [name: string]: LocalEndpoint | EventGridEndpoint | CustomEndpoint;
}

function createEndpoints(
  name: string,
  { local, eventGrid, custom }: BridgeEndpoints,
  child: pulumi.ComponentResourceOptions,
): Endpoints {
  return Object.fromEntries([
    ...Object.entries(local).map(
      ([key, args]) => [key, new LocalEndpoint(`${name}-${key}`, checkedArgs(args), child)] as const,
    ),
    ...Object.entries(eventGrid).map(
      ([key, args]) => [key, new EventGridEndpoint(`${name}-${key}`, checkedArgs(args), child)] as const,
    ),
    ...Object.entries(custom).map(
      ([key, args]) => [key, new CustomEndpoint(`${name}-${key}`, checkedArgs(args), child)] as const,
    ),
  ]);
}

/** What AIO's engine runs; `undefined` when it runs nothing. */
function buildAioDataflows(
  args: MqttBridgeArgs,
  planned: BridgeEndpoints,
  endpoints: Endpoints,
): AioDataflowsArgs | undefined {
  const { instance, dataflowProfile: profile } = args;
  const { aio: dataflows } = dataflowsByEngine(args.dataflows);
  if (instance === undefined || Object.keys(dataflows).length === 0) return undefined;
  const users = aioEndpointUsers(args);
  const used = listEndpoints(planned).filter(({ name }) => users.has(name));
  return {
    instance,
    dataflows,
    endpoints: mapValues(endpoints, ({ endpointName }) => endpointName),
    ...(profile === undefined ? {} : { profile }),
    ...identitiesOfAio(args, used),
  };
}

/** What the relay runs; `undefined` when it runs nothing. */
function buildRelay(
  args: MqttBridgeArgs,
  planned: BridgeEndpoints,
  created: Endpoints,
  aioDataflows: AioDataflows | undefined,
): RelayArgs | undefined {
  if (args.relay === undefined || !hasRelay(args)) return undefined;
  const { site, relay } = args;
  const isAio = aioEndpointTest(args);
  const entries = listEndpoints(planned).flatMap(({ name, hostType, fields }) => {
    const endpoint = created[name];
    if (endpoint === undefined || isAio(name)) return [];
    // What a declaration says is known at once; an output of the component would be waited for like a resource.
    const { config, port } = endpoint;
    return [[name, { config, port, hostType, ...mountsOf(fields) }] as const];
  });
  const endpoints = Object.fromEntries(entries);
  const { relay: dataflows } = dataflowsByEngine(args.dataflows);
  return {
    ...relay,
    site,
    dataflows,
    endpoints,
    ...mapIdentities(identitiesOfRelay(args, listEndpoints(planned)), (one) => relayIdentity(one, aioDataflows)),
  };
}

/** The relay's federated credential comes after AIO's: Azure refuses two at a time of one identity. */
function relayIdentity(identity: BridgeIdentityArgs, aioDataflows: AioDataflows | undefined): BridgeIdentityArgs {
  const { oidcIssuerUrl } = identity;
  if (oidcIssuerUrl === undefined || aioDataflows === undefined) return identity;
  return { ...identity, oidcIssuerUrl: pulumi.all([oidcIssuerUrl, aioDataflows.oidcIssuerUrl]).apply(([url]) => url) };
}
