import { certificate, withChange } from "./declaration.ts";
import type { CheckExample } from "./declaration.ts";

const engine = "AzureIoTOperations";
const customLocationId =
  "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg/providers/Microsoft.ExtendedLocation/customLocations/oslo";
const instance = { resourceGroupName: "rg", instanceName: "oslo-aio", customLocationId, extensionPrincipalId: "p" };

/** What has AIO's engine run both dataflows, with the identity of AIO's own extension. */
const byAio = {
  instance,
  eventGridEndpoints: { cloud: { authenticationMethod: "SystemAssignedManagedIdentity" } },
  dataflows: { telemetry: { engine }, commands: { engine } },
};

/** A declaration that AIO's engine runs, changed; the page shows the change alone. */
function example(rule: string, path: string, fails: object, passes: object): CheckExample {
  const change = JSON.stringify(fails).replace(JSON.stringify(certificate), '"<PEM>"');
  const shown = `AIO's engine, with \`${change}\``;
  return { rule, path, shown, fails: withChange(byAio, fails), passes: withChange(byAio, passes) };
}

/** ID of an endpoint that the instance has already. */
const endpointId =
  "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg/providers/Microsoft.IoTOperations/instances/oslo-aio/dataflowEndpoints/edge";

const custom = { host: "mqtt.example.com:8883" };
const manySessions = { maximumClientSessionsPerAuthenticationName: 4 };

/** What AIO's engine and its resources take. */
export const aioExamples: readonly CheckExample[] = [
  example(
    "aio-adopt",
    "localEndpoints.edge.adopt",
    { localEndpoints: { edge: { adopt: "edge" } } },
    { localEndpoints: { edge: { adopt: endpointId } } },
  ),
  example(
    "aio-broker",
    "localEndpoints.edge.audience",
    { instance: { broker: { audience: "mine" } } },
    { instance: { broker: { audience: "mine" } }, localEndpoints: { edge: { audience: "mine" } } },
  ),
  example(
    "aio-existing",
    "localEndpoints.edge.host",
    { localEndpoints: { edge: { existing: true, host: "my-mqtt-broker:8885" } } },
    { localEndpoints: { edge: { adopt: endpointId, host: "my-mqtt-broker:8885" } } },
  ),
  example(
    "aio-existing",
    "localEndpoints.edge.existing",
    { localEndpoints: { edge: { endpointName: "default", existing: false } } },
    { localEndpoints: { edge: { endpointName: "default" } } },
  ),
  example(
    "aio-headers",
    "dataflows.telemetry.headers[0].value",
    { dataflows: { telemetry: { headers: [{ actionType: "AddOrReplace", key: "site" }] } } },
    { dataflows: { telemetry: { headers: [{ actionType: "AddOrReplace", key: "site", value: "oslo" }] } } },
  ),
  example(
    "aio-instance",
    "instance.customLocationId",
    { instance: { customLocationId: "oslo" } },
    { instance: { customLocationId } },
  ),
  example(
    "aio-local-broker",
    "dataflows.telemetry.engine",
    {
      customEndpoints: { other: { ...custom, authenticationMethod: "Anonymous" } },
      dataflows: { telemetry: { source: "other" } },
    },
    {
      customEndpoints: { other: { ...custom, authenticationMethod: "Anonymous" } },
      dataflows: { telemetry: { source: "edge" } },
    },
  ),
  example(
    "aio-names",
    "eventGridEndpoints.cloud.endpointName",
    { eventGridEndpoints: { cloud: { endpointName: "edge" } } },
    { eventGridEndpoints: { cloud: { endpointName: "event-grid" } } },
  ),
  example(
    "aio-namespace",
    "localEndpoints.edge.trustedCaCertificateConfigMapRef",
    {
      localEndpoints: { edge: { trustedCaCertificateConfigMapRef: "ca" } },
      dataflows: { copy: copyByRelay() },
      relay: { namespace: "relays", trustBundles: { ca: certificate } },
    },
    {
      localEndpoints: { edge: { trustedCaCertificateConfigMapRef: "ca" } },
      dataflows: { copy: copyByRelay() },
      relay: { trustBundles: { ca: certificate } },
    },
  ),
  example(
    "aio-profile",
    "dataflowProfile.instanceCount",
    { dataflowProfile: { instanceCount: 21 } },
    { dataflowProfile: { instanceCount: 1 } },
  ),
  example(
    "aio-secret-keys",
    "relay.secrets.cert.type",
    {
      customEndpoints: { other: { ...custom, authenticationMethod: "X509Certificate", secretRef: "cert" } },
      dataflows: { telemetry: { destination: "other" }, commands: { engine: "Relay" } },
      relay: { secrets: { cert: { type: "kubernetes.io/tls", clientCertificate: "PEM", clientKey: "PEM" } } },
    },
    {
      customEndpoints: { other: { ...custom, authenticationMethod: "X509Certificate", secretRef: "cert" } },
      dataflows: { telemetry: { destination: "other" }, commands: { engine: "Relay" } },
      relay: { secrets: { cert: { clientCertificate: "PEM", clientKey: "PEM" } } },
    },
  ),
  example(
    "aio-operations",
    "dataflows.telemetry.operationNames.transformation",
    { dataflows: { telemetry: { operationNames: { transformation: "warm ones" } } } },
    { dataflows: { telemetry: { operationNames: { source: "presses" }, assetRef: "press-1" } } },
  ),
  example(
    "aio-secure-settings",
    "eventGridEndpoints.cloud.authenticationMethod",
    { eventGridEndpoints: { cloud: { authenticationMethod: "UserAssignedManagedIdentity" } } },
    {
      eventGridEndpoints: { cloud: { authenticationMethod: "UserAssignedManagedIdentity" } },
      instance: { secureSettings: true },
    },
  ),
  example(
    "aio-shared-subscription",
    "dataflowProfile.instanceCount",
    { dataflowProfile: { instanceCount: 2 }, eventGrid: manySessions },
    { dataflowProfile: { instanceCount: 2, allowSharedSubscriptions: true }, eventGrid: manySessions },
  ),
  example(
    "aio-transformation",
    "dataflows.telemetry.transformation.datasets[0].inputs",
    { dataflows: { telemetry: { transformation: { datasets: [{ key: "assets", inputs: [] }] } } } },
    { dataflows: { telemetry: { transformation: { datasets: [{ key: "assets", inputs: ["id"] }] } } } },
  ),
  example(
    "engine-fields",
    "dataflows.telemetry.undeliverableMessages",
    { dataflows: { telemetry: { undeliverableMessages: "Discard" } } },
    { dataflows: { telemetry: {} } },
  ),
  {
    rule: "engine-fields",
    path: "dataflows.telemetry.headers",
    fails: { dataflows: { telemetry: { headers: [{ actionType: "Remove", key: "site" }] } } },
    passes: withChange(byAio, { dataflows: { telemetry: { headers: [{ actionType: "Remove", key: "site" }] } } }),
  },
  {
    rule: "unused-by-relay",
    path: "dataflows.telemetry.assetRef",
    fails: { dataflows: { telemetry: { assetRef: "press-1" } } },
    passes: withChange(byAio, { dataflows: { telemetry: { assetRef: "press-1" } } }),
    isWarning: true,
  },
  {
    rule: "unused-by-relay",
    path: "dataflows.telemetry.sourceSchemaRef",
    fails: { dataflows: { telemetry: { sourceSchemaRef: "aio-sr://oslo/press:1" } } },
    passes: withChange(byAio, { dataflows: { telemetry: { sourceSchemaRef: "aio-sr://oslo/press:1" } } }),
    isWarning: true,
  },
  {
    rule: "unused-by-relay",
    path: "dataflows.telemetry.operationNames",
    fails: { dataflows: { telemetry: { operationNames: { source: "presses" } } } },
    passes: withChange(byAio, { dataflows: { telemetry: { operationNames: { source: "presses" } } } }),
    isWarning: true,
  },
  example(
    "engine-method",
    "customEndpoints.other.authenticationMethod",
    {
      customEndpoints: { other: { ...custom, authenticationMethod: "AccessToken", secretRef: "token" } },
      dataflows: { telemetry: { destination: "other" } },
    },
    {
      customEndpoints: { other: { ...custom, authenticationMethod: "X509Certificate", secretRef: "cert" } },
      dataflows: { telemetry: { destination: "other" } },
    },
  ),
  {
    ...example(
      "existing-description",
      "eventGridEndpoints.cloud.authenticationMethod",
      { eventGridEndpoints: { cloud: { existing: true } } },
      { eventGridEndpoints: { cloud: { existing: false } } },
    ),
    isWarning: true,
  },
];

/** A dataflow that the relay runs beside them. */
function copyByRelay() {
  return { source: "edge", dataSources: ["copy/+"], destination: "edge", dataDestination: "copied/${inputTopic.2}" };
}
