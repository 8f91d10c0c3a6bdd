import { declaredPath } from "../../components/render.ts";

test.each([
  ["endpoints.cloud.mqttSettings.host", "endpoints.cloud.host"],
  ["endpoints.cloud.mqttSettings.tls.mode", "endpoints.cloud.tlsMode"],
  [
    "endpoints.cloud.mqttSettings.tls.trustedCaCertificateConfigMapRef",
    "endpoints.cloud.trustedCaCertificateConfigMapRef",
  ],
  ["endpoints.cloud.mqttSettings.authentication", "endpoints.cloud.authenticationMethod"],
  ["endpoints.cloud.mqttSettings.authentication.method", "endpoints.cloud.authenticationMethod"],
  [
    "endpoints.cloud.mqttSettings.authentication.userAssignedManagedIdentitySettings.clientId",
    "endpoints.cloud.clientId",
  ],
  ["endpoints.cloud.relay.username", "endpoints.cloud.username"],
  ["endpoints.cloud", "endpoints.cloud"],
  ["dataflows.up.operations[0].sourceSettings.endpointRef", "dataflows.up.source"],
  ["dataflows.up.operations[0].sourceSettings.dataSources[1]", "dataflows.up.dataSources[1]"],
  ["dataflows.up.operations[2].destinationSettings.endpointRef", "dataflows.up.destination"],
  ["dataflows.up.operations[1].destinationSettings.dataDestination", "dataflows.up.dataDestination"],
  ["dataflows.up.operations[1].builtInTransformationSettings.schemaRef", "dataflows.up.schemaRef"],
  [
    "dataflows.up.operations[1].builtInTransformationSettings.filter[0].inputs",
    "dataflows.up.transformation.filter[0].inputs",
  ],
  ["dataflows.up.operations[2].destinationSettings.headers", "dataflows.up.headers"],
  ["dataflows.up.relay.undeliverableMessages", "dataflows.up.undeliverableMessages"],
  ["profile.instanceCount", "instanceCount"],
  ["profile.diagnostics.logs.level", "logLevel"],
  ["profile.diagnostics.metrics.prometheusPort", "metricsPort"],
  ["relay.drainTimeoutSeconds", "drainTimeoutSeconds"],
])("says %s as %s", (rendered, declared) => {
  expect(declaredPath(rendered)).toBe(declared);
});
