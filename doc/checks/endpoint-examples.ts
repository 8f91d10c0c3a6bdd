import { certificate } from "./declaration.ts";
import type { CheckExample } from "./declaration.ts";

const custom = { host: "mqtt.example.com:8883", authenticationMethod: "ServiceAccountToken" };

const archiveId = "00000000-0000-0000-0000-0000000000c2";
const trusting = {
  identity: { resourceGroupName: "rg", identityName: "id-oslo", oidcIssuerUrl: "https://oidc.example" },
};

/** What endpoints and the relay take, and what dataflows do to each other. */
export const endpointExamples: readonly CheckExample[] = [
  {
    rule: "authentication-fields",
    fails: { localEndpoints: { edge: { scope: "x" } } },
    passes: { localEndpoints: { edge: { audience: "aio-internal" } } },
    path: "localEndpoints.edge.scope",
  },
  {
    rule: "authentication-method",
    fails: {
      localEndpoints: { edge: { authenticationMethod: "UserAssignedManagedIdentity", clientId: "c", tenantId: "t" } },
    },
    passes: { localEndpoints: { edge: { authenticationMethod: "ServiceAccountToken" } } },
    path: "localEndpoints.edge.authenticationMethod",
  },
  {
    rule: "managed-identity",
    fails: { furtherIdentities: { archive: { clientId: archiveId, tenantId: archiveId } } },
    passes: {
      furtherIdentities: { archive: { clientId: archiveId, tenantId: archiveId } },
      eventGridEndpoints: { archive: { clientId: archiveId } },
    },
    path: "furtherIdentities.archive.clientId",
  },
  {
    rule: "managed-identity",
    fails: { eventGridEndpoints: { archive: { clientId: archiveId } }, ...trusting },
    passes: { eventGridEndpoints: { archive: {} }, ...trusting },
    path: "eventGridEndpoints.archive.clientId",
    isWarning: true,
  },
  {
    rule: "client-id",
    fails: {
      localEndpoints: { "edge-2": { clientIdPrefix: "oslo-telemetry-" } },
      dataflows: {
        "telemetry-a": {
          source: "edge",
          dataSources: ["a"],
          destination: "cloud",
          dataDestination: "sites/oslo/plant/a",
        },
        a: { source: "edge-2", dataSources: ["b"], destination: "cloud", dataDestination: "sites/oslo/plant/b" },
      },
    },
    passes: {
      localEndpoints: { "edge-2": { clientIdPrefix: "oslo-2-" } },
      dataflows: {
        "telemetry-a": {
          source: "edge",
          dataSources: ["a"],
          destination: "cloud",
          dataDestination: "sites/oslo/plant/a",
        },
        a: { source: "edge-2", dataSources: ["b"], destination: "cloud", dataDestination: "sites/oslo/plant/b" },
      },
      eventGrid: { maximumClientSessionsPerAuthenticationName: 5 },
    },
    path: "dataflows.a.source",
  },
  {
    rule: "client-id-prefix",
    fails: { eventGridEndpoints: { cloud: { clientIdPrefix: "" } } },
    passes: { eventGridEndpoints: { cloud: { clientIdPrefix: "", allowEmptyClientIdPrefix: true } } },
    path: "eventGridEndpoints.cloud.clientIdPrefix",
  },
  {
    rule: "client-id-prefix",
    fails: { eventGridEndpoints: { cloud: { allowEmptyClientIdPrefix: true } } },
    passes: { eventGridEndpoints: { cloud: { allowEmptyClientIdPrefix: true, clientIdPrefix: "" } } },
    path: "eventGridEndpoints.cloud.allowEmptyClientIdPrefix",
  },
  {
    rule: "event-grid-host",
    fails: { eventGridEndpoints: { cloud: { host: "contoso.westeurope-1.ts.eventgrid.azure.net:1883" } } },
    passes: { eventGridEndpoints: { cloud: { host: "contoso.westeurope-1.ts.eventgrid.azure.net:8883" } } },
    path: "eventGridEndpoints.cloud.host",
  },
  {
    rule: "event-grid-host",
    fails: { eventGridEndpoints: { cloud: { host: "203.0.113.7:8883" } } },
    passes: { eventGridEndpoints: { cloud: { host: "mqtt.contoso.com:8883" } } },
    path: "eventGridEndpoints.cloud.host",
  },
  {
    rule: "event-grid-host",
    fails: {
      eventGridEndpoints: {
        cloud: { protocol: "WebSockets", host: "contoso.westeurope-1.ts.eventgrid.azure.net:443/ws" },
      },
    },
    passes: {
      eventGridEndpoints: {
        cloud: { protocol: "WebSockets", host: "contoso.westeurope-1.ts.eventgrid.azure.net:443/mqtt" },
      },
    },
    path: "eventGridEndpoints.cloud.host",
  },
  {
    rule: "event-grid-host",
    fails: { eventGridEndpoints: { cloud: { tlsMode: "Disabled" } } },
    passes: { eventGridEndpoints: { cloud: { tlsMode: "Enabled" } } },
    path: "eventGridEndpoints.cloud.tlsMode",
  },
  {
    rule: "event-grid-keep-alive",
    fails: { eventGridEndpoints: { cloud: { keepAliveSeconds: 1161 } } },
    passes: { eventGridEndpoints: { cloud: { keepAliveSeconds: 1160 } } },
    path: "eventGridEndpoints.cloud.keepAliveSeconds",
  },
  {
    rule: "foreign-audience",
    fails: { customEndpoints: { other: custom } },
    passes: { customEndpoints: { other: { ...custom, audience: "https://mqtt.example.com" } } },
    path: "customEndpoints.other.audience",
    isWarning: true,
  },
  {
    rule: "host",
    fails: { customEndpoints: { other: { ...custom, host: "mqtt.example.com" } } },
    passes: { customEndpoints: { other: { ...custom, host: "mqtt.example.com:8883" } } },
    path: "customEndpoints.other.host",
  },
  {
    rule: "instance-count",
    fails: { relay: { instanceCount: 2 }, eventGrid: { maximumClientSessionsPerAuthenticationName: 5 } },
    passes: {
      relay: { instanceCount: 2 },
      eventGrid: { maximumClientSessionsPerAuthenticationName: 5 },
      eventGridEndpoints: { cloud: { allowSharedSubscriptions: true } },
    },
    path: "relay.instanceCount",
  },
  {
    rule: "loop",
    fails: {
      dataflows: {
        commands: { dataDestination: "plant/${inputTopic.4}/telemetry/${inputTopic.5}" },
        telemetry: { dataDestination: "sites/oslo/commands/${inputTopic.2}/${inputTopic.4}" },
      },
    },
    passes: {
      dataflows: {
        commands: { dataDestination: "plant/${inputTopic.4}/commands/${inputTopic.5}" },
        telemetry: { dataDestination: "sites/oslo/commands/${inputTopic.2}/${inputTopic.4}" },
      },
    },
    path: "dataflows.telemetry.dataDestination",
  },
  {
    rule: "node-identity",
    fails: { eventGridEndpoints: { cloud: { authenticationMethod: "SystemAssignedManagedIdentity" } } },
    passes: {
      eventGridEndpoints: { cloud: { authenticationMethod: "SystemAssignedManagedIdentity" } },
      relay: { useNodeIdentity: true },
    },
    path: "eventGridEndpoints.cloud.authenticationMethod",
  },
  {
    rule: "trust-bundle",
    fails: { relay: { namespace: "bridges" } },
    passes: {
      relay: { namespace: "bridges", trustBundles: { "aio-ca": certificate } },
      localEndpoints: { edge: { trustedCaCertificateConfigMapRef: "aio-ca" } },
    },
    path: "localEndpoints.edge.trustedCaCertificateConfigMapRef",
  },
  {
    rule: "git-ops",
    fails: {
      gitOps: { directory: "manifests/oslo" },
      relay: { secrets: { token: { accessToken: "<token>" } } },
    },
    passes: { gitOps: { directory: "manifests/oslo" } },
    path: "relay.secrets.token",
  },
  {
    rule: "git-ops",
    fails: {
      gitOps: {
        directory: "manifests/oslo",
        flux: {
          resourceGroupName: "rg",
          clusterName: "oslo",
          repositoryUrl: "contoso/sites",
          path: "./manifests/oslo",
        },
      },
    },
    passes: {
      gitOps: {
        directory: "manifests/oslo",
        flux: {
          resourceGroupName: "rg",
          clusterName: "oslo",
          repositoryUrl: "https://git.example.com/contoso/sites",
          path: "./manifests/oslo",
        },
      },
    },
    path: "gitOps.flux.repositoryUrl",
  },
  {
    rule: "image",
    fails: { relay: { image: "registry.example.com:5000/mqtt-dataflow-relay" } },
    passes: { relay: { image: "registry.example.com:5000/mqtt-dataflow-relay:0.1.0" } },
    path: "relay.image",
    isWarning: true,
  },
  {
    rule: "ip-ranges",
    fails: { relay: { egress: { endpointIpRanges: { cloud: ["contoso.example.com"] } } } },
    passes: { relay: { egress: { endpointIpRanges: { cloud: ["203.0.113.0/24"] } } } },
    path: "relay.egress.endpointIpRanges.cloud[0]",
  },
  {
    rule: "volume",
    fails: { dataflows: { commands: { spool: { maxBytes: 21_474_836_480 } } } },
    passes: {
      dataflows: { commands: { spool: { maxBytes: 21_474_836_480 } } },
      relay: { volume: { sizeGibibytes: 25 } },
    },
    path: "relay.volume.sizeGibibytes",
  },
];
