import assert from "node:assert/strict";

import * as kubernetesconfiguration from "@pulumi/azure-native/kubernetesconfiguration/index.js";
import * as pulumi from "@pulumi/pulumi";

import { checkedArgs, declaredArgs } from "./arguments/declared.ts";
import { hiddenArgs } from "./arguments/hidden.ts";
import { AioDataflows } from "./aio-dataflows.ts";
import { checkPlan } from "./bridge/check-plan.ts";
import { atNamespace } from "./bridge/endpoints.ts";
import { fleetOf } from "./bridge/fleet.ts";
import { planGrants } from "./bridge/grants.ts";
import { planAioDataflows, planRelay } from "./bridge/parts.ts";
import { planBridge } from "./bridge/plan.ts";
import type { Plan, PlannedEndpoint } from "./bridge/plan.ts";
import type { MqttBridgeArgs } from "./bridge/settings.ts";
import { judgedLaterInBridge } from "./certificates.ts";
import { CustomEndpoint } from "./custom-endpoint.ts";
import { EventGridBroker } from "./event-grid-broker.ts";
import { EventGridEndpoint } from "./event-grid-endpoint.ts";
import type { CustomDomainRecord } from "./event-grid/custom-domain-records.ts";
import { createLock } from "./event-grid/locks.ts";
import type { EventGridBrokerArgs } from "./event-grid/settings.ts";
import { buildFluxConfiguration } from "./git-ops/flux.ts";
import { intoManifests } from "./git-ops/manifests.ts";
import { warnOnce } from "./given-warnings.ts";
import { LocalEndpoint } from "./local-endpoint.ts";
import { programOf } from "./program.ts";
import { readable, refuse } from "./refuse.ts";
import { Relay } from "./relay.ts";
import { TopicSpaceAccess } from "./topic-space-access.ts";

/** The component of an endpoint. */
export type EndpointComponent = LocalEndpoint | EventGridEndpoint | CustomEndpoint;

/** The components that a bridge has created, for what its arguments don't reach: `dependsOn`, alerts, further roles. */
export interface BridgeChildren {
  /** The Event Grid namespace; none without `eventGrid`. */
  readonly broker: EventGridBroker | undefined;
  /** The role assignments, by the identity and place that they are named after. */
  readonly access: { readonly [noun: string]: TopicSpaceAccess };
  /** The endpoints, by the name that the dataflows know them by. */
  readonly endpoints: { readonly [name: string]: EndpointComponent };
  /** What AIO's own engine runs; none when it runs nothing. */
  readonly aioDataflows: AioDataflows | undefined;
  /** What the relay runs; none when it runs nothing. */
  readonly relay: Relay | undefined;
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
  /** Resource IDs of the namespace's topics by name; empty when the bridge creates no namespace. */
  readonly topicIds: { readonly [name: string]: pulumi.Output<string> };
  /** Object ID of the namespace's system-assigned identity, when the bridge creates one that has it. */
  readonly namespacePrincipalId: pulumi.Output<string | undefined>;
  /** The DNS records that show that the namespace's custom domains are yours, with what Event Grid has found of them. */
  readonly customDomainRecords: pulumi.Output<CustomDomainRecord[]>;
  /** The relay's rendered configuration: every default explicit, the same bytes for the same declaration. */
  readonly configText: pulumi.Output<string | undefined>;
  /** Name of the ConfigMap that holds it under the key `config.json`; none without a relay. */
  readonly configMapName: pulumi.Output<string | undefined>;
  /** Name of the relay's StatefulSet; none without a relay. */
  readonly statefulSetName: pulumi.Output<string | undefined>;
  /** Name of the relay's service account; none without a relay. */
  readonly serviceAccountName: pulumi.Output<string | undefined>;

  constructor(name: string, args: MqttBridgeArgs, opts?: pulumi.ComponentResourceOptions) {
    super(MqttBridge.typeToken, name, hiddenArgs(MqttBridge.typeToken, readable(name, args)), opts);
    const declared = planBridge(name, declaredArgs(this, MqttBridge.typeToken, name, args));
    const { problems, warnings } = checkPlan(declared);
    const fleet = fleetOf(programOf());
    const beside = fleet.addSite(declared, clusterOf(this, declared));
    refuse(this, name, [...problems, ...fleet.add(declared, this), ...beside.problems]);
    warnOnce(this, [...warnings, ...beside.warnings]);
    const plan = { ...declared, args: judgedLaterInBridge(this, name, declared.args) };
    const { eventGrid, gitOps } = plan.args;
    const child = { parent: this };
    const inCluster = gitOps === undefined ? child : intoManifests(this, name, gitOps);

    const broker = eventGrid && new EventGridBroker(`${name}-broker`, checkedArgs(withoutLock(eventGrid)), child);
    const grants = planGrants(this, plan, broker).map(
      ({ noun, access }) => [noun, new TopicSpaceAccess(`${name}-${noun}`, checkedArgs(access), child)] as const,
    );
    // The lock holds for the roles too, so that it comes after them and goes before.
    if (broker !== undefined) {
      const after = [broker, ...grants.map(([, access]) => access)];
      createLock(`${name}-lock`, broker.namespaceId, eventGrid?.lock, { ...child, after });
    }
    const endpoints = createEndpoints(plan, broker, inCluster);
    const aioArgs = planAioDataflows(plan, endpoints);
    const aioDataflows = aioArgs && new AioDataflows(`${name}-aio`, checkedArgs(aioArgs), inCluster);
    const relayArgs = planRelay(plan, endpoints, aioDataflows);
    const relay = relayArgs && new Relay(`${name}-relay`, checkedArgs(relayArgs), inCluster);
    if (gitOps?.flux !== undefined) {
      const flux = buildFluxConfiguration(`${name}-relay`, plan.relayNamespace, gitOps.flux);
      new kubernetesconfiguration.FluxConfiguration(`${name}-flux`, flux, child);
    }

    childrenOf.set(this, {
      broker,
      access: Object.fromEntries(grants),
      endpoints: Object.fromEntries(endpoints),
      aioDataflows,
      relay,
    });
    const none = pulumi.output<string | undefined>(undefined);
    this.hostname = broker?.hostname ?? none;
    this.namespaceId = broker?.namespaceId ?? none;
    this.namespaceName = broker?.namespaceName ?? none;
    this.topicSpaceIds = broker?.topicSpaceIds ?? {};
    this.topicIds = broker?.topicIds ?? {};
    this.namespacePrincipalId = broker?.principalId ?? none;
    this.customDomainRecords = broker?.customDomainRecords ?? pulumi.output<CustomDomainRecord[]>([]);
    this.configText = relay?.configText ?? none;
    this.configMapName = relay?.configMapName ?? none;
    this.statefulSetName = relay?.statefulSetName ?? none;
    this.serviceAccountName = relay?.serviceAccountName ?? none;
    const { hostname, namespaceId, namespaceName, topicSpaceIds, topicIds } = this;
    const { namespacePrincipalId, customDomainRecords } = this;
    const { configText, configMapName, statefulSetName, serviceAccountName } = this;
    const ofNamespace = { hostname, namespaceId, namespaceName, topicSpaceIds, topicIds };
    const ofRelay = { configText, configMapName, statefulSetName, serviceAccountName };
    this.registerOutputs({ ...ofNamespace, namespacePrincipalId, customDomainRecords, ...ofRelay });
  }

  /** The components below this one. TypeScript and JavaScript have it; other languages have the outputs. */
  get children(): BridgeChildren {
    const children = childrenOf.get(this);
    assert(children !== undefined, "the constructor has ended, so it has created them");
    return children;
  }
}

/** No field of the class, not even a private one: Pulumi takes each for an output of every language. */
const childrenOf = new WeakMap<MqttBridge, BridgeChildren>();

function withoutLock({ lock: _, ...eventGrid }: EventGridBrokerArgs): EventGridBrokerArgs {
  return eventGrid;
}

/** What tells a bridge's cluster from another one: its provider. Files may go to any cluster. */
function clusterOf(bridge: MqttBridge, { args: { gitOps } }: Plan): unknown {
  if (gitOps !== undefined) return undefined;
  return bridge.getProvider("kubernetes:core/v1:ConfigMap") ?? "the default provider's";
}

/** Creates the component of each endpoint. */
function createEndpoints(
  { name, endpoints }: Plan,
  broker: EventGridBroker | undefined,
  options: pulumi.ComponentResourceOptions,
): ReadonlyMap<string, EndpointComponent> {
  const create = (childName: string, endpoint: PlannedEndpoint): EndpointComponent => {
    switch (endpoint.hostType) {
      case "LocalBroker":
        return new LocalEndpoint(childName, checkedArgs(endpoint.args), options);
      case "EventGrid": {
        const { args, isAtOwnNamespace } = endpoint;
        const whole = isAtOwnNamespace ? atNamespace(args, broker?.hostname ?? "") : args;
        return new EventGridEndpoint(childName, checkedArgs(whole), options);
      }
      case "CustomMqtt":
        return new CustomEndpoint(childName, checkedArgs(endpoint.args), options);
    }
  };
  return new Map(endpoints.map((endpoint) => [endpoint.name, create(`${name}-${endpoint.name}`, endpoint)]));
}
