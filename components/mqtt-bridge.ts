import * as kubernetesconfiguration from "@pulumi/azure-native/kubernetesconfiguration/index.js";
import { Provider } from "@pulumi/kubernetes/provider.js";
import * as pulumi from "@pulumi/pulumi";

import { formatProblem } from "../runtime/errors.ts";
import { checkBridge } from "./bridge/check.ts";
import { brokerHost, planEndpoints } from "./bridge/endpoints.ts";
import type { BridgeEndpoints } from "./bridge/endpoints.ts";
import { fleetOf } from "./bridge/fleet.ts";
import { endpointsAtBroker, neededTopics } from "./bridge/topics.ts";
import { CustomEndpoint } from "./custom-endpoint.ts";
import type { CustomEndpointArgs } from "./custom-endpoint.ts";
import type { DataflowArgs } from "./dataflow.ts";
import type { AioInstanceArgs } from "./endpoint/settings.ts";
import { RoleScope } from "./enumerations.ts";
import { EventGridBroker } from "./event-grid-broker.ts";
import type { EventGridBrokerArgs } from "./event-grid-broker.ts";
import { EventGridEndpoint } from "./event-grid-endpoint.ts";
import type { EventGridEndpointSettingsArgs } from "./event-grid-endpoint.ts";
import { buildFluxConfiguration } from "./git-ops/flux.ts";
import type { GitOpsArgs } from "./git-ops/settings.ts";
import { LocalEndpoint } from "./local-endpoint.ts";
import type { LocalEndpointArgs } from "./local-endpoint.ts";
import { refuse } from "./refuse.ts";
import { Relay } from "./relay.ts";
import { aioNamespace } from "./relay/defaults.ts";
import type { RelayEndpointArgs, RelaySettingsArgs, WorkloadIdentityArgs } from "./relay/settings.ts";
import { TopicSpaceAccess } from "./topic-space-access.ts";

/** The user-assigned managed identity that a bridge authenticates with. */
export interface BridgeIdentityArgs extends WorkloadIdentityArgs {
  /** Microsoft Entra tenant of the managed identity. */
  tenantId: pulumi.Input<string>;
  /** Object ID of the managed identity. Given, it gets the roles that the dataflows call for; omitted, they are left to others. */
  principalId?: pulumi.Input<string>;
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
  /** Endpoints at any other MQTT broker, by name. */
  customEndpoints?: { [name: string]: CustomEndpointArgs };
  /** Dataflows by name. */
  dataflows: { [name: string]: DataflowArgs };
  /** Managed identity for endpoints with UserAssignedManagedIdentity. */
  identity?: BridgeIdentityArgs;
  /** AIO instance to create `DataflowEndpoint` resources in, of every endpoint that AIO's API can express. */
  instance?: AioInstanceArgs;
  /** How the relay runs. */
  relay: RelaySettingsArgs;
  /** Hands the cluster's part over in files. Omitted: Pulumi applies it to the cluster itself. */
  gitOps?: GitOpsArgs;
}

/**
 * One site's MQTT dataflows from one declaration: the Event Grid namespace and its topic spaces, the role assignments
 * that the dataflows call for, the dataflow endpoints and the relay. Creates neither cluster nor AIO nor identity.
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
  /** Topic space resource IDs by name; empty when the bridge creates no namespace. */
  readonly topicSpaceIds: { readonly [name: string]: pulumi.Output<string> };
  /** The relay's rendered configuration: every default explicit, the same bytes for the same declaration. */
  readonly configText: pulumi.Output<string>;
  /** Name of the ConfigMap that holds it under the key `config.json`. */
  readonly configMapName: pulumi.Output<string>;
  /** Name of the relay's StatefulSet. */
  readonly statefulSetName: pulumi.Output<string>;
  /** Name of the relay's service account. */
  readonly serviceAccountName: pulumi.Output<string>;

  constructor(name: string, args: MqttBridgeArgs, opts?: pulumi.ComponentResourceOptions) {
    super(MqttBridge.typeToken, name, withHiddenSecrets(args), opts);
    const { problems, warnings } = checkBridge(`${name}-relay`, args);
    refuse(this, name, [...problems, ...fleetOf(pulumi.runtime.getMonitor() ?? MqttBridge).add(name, args)]);
    for (const warning of warnings) void pulumi.log.warn(formatProblem(warning), this);
    const child = { parent: this };

    const broker = args.eventGrid && new EventGridBroker(`${name}-broker`, args.eventGrid, child);
    if (broker !== undefined && args.eventGrid !== undefined && args.identity?.principalId !== undefined) {
      const { published, subscribed } = neededTopics(args.dataflows, endpointsWithIdentity(args));
      new TopicSpaceAccess(
        `${name}-access`,
        {
          principalId: args.identity.principalId,
          topicSpaces: grantedTopicSpaces(args.eventGrid, broker),
          publishedTopics: published.map(({ filter }) => filter),
          subscribedTopics: subscribed.map(({ filter }) => filter),
          ...(args.identity.roleScope === RoleScope.Namespace ? { namespaceId: broker.namespaceId } : {}),
        },
        child,
      );
    }

    const planned = planEndpoints(args, brokerHost(broker?.hostname ?? ""));
    const endpoints = createEndpoints(this, name, planned);
    const { site, dataflows, identity, gitOps } = args;
    const relay = new Relay(
      `${name}-relay`,
      { ...args.relay, site, dataflows, endpoints, ...(identity === undefined ? {} : { identity }) },
      { ...child, ...(gitOps === undefined ? {} : { providers: [createManifestProvider(this, name, gitOps)] }) },
    );
    if (gitOps?.flux !== undefined) {
      const namespace = args.relay.namespace ?? aioNamespace;
      const flux = buildFluxConfiguration(`${name}-relay`, namespace, gitOps.flux);
      new kubernetesconfiguration.FluxConfiguration(`${name}-flux`, flux, child);
    }

    this.hostname = pulumi.output(broker?.hostname);
    this.topicSpaceIds = broker?.topicSpaceIds ?? {};
    this.configText = relay.configText;
    this.configMapName = relay.configMapName;
    this.statefulSetName = relay.statefulSetName;
    this.serviceAccountName = relay.serviceAccountName;
    const { hostname, topicSpaceIds, configText, configMapName, statefulSetName, serviceAccountName } = this;
    this.registerOutputs({
      hostname,
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
function withHiddenSecrets(args: MqttBridgeArgs): pulumi.Inputs {
  const { secrets } = args.relay;
  return secrets === undefined ? { ...args } : { ...args, relay: { ...args.relay, secrets: pulumi.secret(secrets) } };
}

/** The endpoints at the bridge's own namespace that its identity authenticates; certificates get no roles. */
function endpointsWithIdentity(args: MqttBridgeArgs): string[] {
  return endpointsAtBroker(args).filter((name) => {
    const method = args.eventGridEndpoints?.[name]?.authenticationMethod;
    return method === undefined || method === "UserAssignedManagedIdentity";
  });
}

function grantedTopicSpaces({ topicSpaces }: EventGridBrokerArgs, { topicSpaceIds }: EventGridBroker) {
  return Object.fromEntries(
    Object.entries(topicSpaceIds).map(([key, id]) => {
      const topicTemplates = topicSpaces[key]?.topicTemplates ?? [];
      return [key, { id, topicTemplates }];
    }),
  );
}

function createEndpoints(
  bridge: MqttBridge,
  name: string,
  { local, eventGrid, custom }: BridgeEndpoints,
): { [name: string]: RelayEndpointArgs } {
  const child = { parent: bridge };
  const components = [
    ...Object.entries(local).map(([key, args]) => [key, new LocalEndpoint(`${name}-${key}`, args, child)] as const),
    ...Object.entries(eventGrid).map(
      ([key, args]) => [key, new EventGridEndpoint(`${name}-${key}`, args, child)] as const,
    ),
    ...Object.entries(custom).map(([key, args]) => [key, new CustomEndpoint(`${name}-${key}`, args, child)] as const),
  ];
  return Object.fromEntries(
    components.map(([key, { config, port, secretRef, tokenAudience, trustedCaCertificateConfigMapRef }]) => [
      key,
      { config, port, secretRef, tokenAudience, trustedCaCertificateConfigMapRef },
    ]),
  );
}
