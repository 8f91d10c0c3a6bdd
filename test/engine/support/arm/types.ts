import { digitsFrom } from "../random-name.ts";
import { textOf } from "../values.ts";
import type { Value, Values } from "../values.ts";
import { integer, listOf, oneOf, pattern, textAt, valueAt } from "./rules.ts";
import type { Rule } from "./rules.ts";
import type { ArmStore } from "./store.ts";

/** How Azure treats one type of resource. */
export interface ArmType {
  /**
   * Resource ID. What stands in braces are inputs, of which a change replaces the resource; the last one is its name,
   * made up from the resource's name in the program when it is not given.
   */
  readonly id: string;
  /** Other inputs of which a change replaces the resource, as paths such as `extendedLocation.name`. */
  readonly replacing?: readonly string[];
  /** Inputs that Azure insists on. */
  readonly required?: readonly string[];
  /** What inputs have to be like, by their path. */
  readonly rules?: { readonly [path: string]: Rule };
  /** What Azure fills in, by path. */
  readonly defaults?: { readonly [path: string]: Value };
  /** What only Azure tells, by path; unknown in the preview of any change. */
  readonly computed?: { readonly [path: string]: (resource: Values, id: string) => Value };
  /** Whether the name is a GUID. */
  readonly isNamedByGuid?: true;
  /** Inputs that the provider sends as an update and Azure refuses to change, by path. */
  readonly immutable?: readonly string[];
  /** Says why Azure has no room for a resource beside another one of its type in the same place, as `<code>: <message>`. */
  conflicts?(wanted: Values, other: Values): string | undefined;
  /** Says why Azure refuses a resource, as `<code>: <message>`; `before` is what it has replaced. */
  refuses?(wanted: Values, before: Values | undefined, store: ArmStore): string | undefined;
}

/** ID of the subscription that the stand-in is. */
export const subscription = "/subscriptions/00000000-0000-0000-0000-00000000000f";

const group = "/resourceGroups/{resourceGroupName}/providers";
const namespace = `${group}/Microsoft.EventGrid/namespaces/{namespaceName}`;
const instance = `${group}/Microsoft.IoTOperations/instances/{instanceName}`;

/** @see Azure REST API, Namespaces, TopicSpaces and so on (2025-02-15) */
const eventGridName = pattern(/^[A-Za-z0-9-]{3,50}$/);
/** @see Azure REST API, Microsoft.IoTOperations (2024-11-01) */
const aioName = pattern(/^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$/);
const guid = pattern(/^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i);

/** @see Event Grid, MQTT clients */
const attributeKeys: Rule = (attributes) => {
  const wrong = Object.keys(attributes ?? {}).find((key) => !/^\w+$/.test(key));
  return wrong === undefined ? undefined : `has the key ${wrong}`;
};

/** Event Grid takes the client's name where it is told no other. */
function authenticationNameOf(client: Values): Value | undefined {
  return client["authenticationName"] ?? client["clientName"];
}

function isSameText(one: Value | undefined, other: Value | undefined): boolean {
  return textOf(one).toLowerCase() === textOf(other).toLowerCase();
}

function lastLevel(id: Value | undefined): string {
  return textOf(id).split("/").at(-1) ?? "";
}

const aioResource = {
  replacing: ["extendedLocation.name", "extendedLocation.type"],
  required: ["extendedLocation.name", "properties"],
  computed: { "properties.provisioningState": () => "Succeeded" },
} as const;

/** @see Azure REST API, Namespaces (2025-02-15), TopicSpacesConfiguration; Azure Verified Modules, topicSpacesState */
function refuseState(wanted: Values, before: Values | undefined): string | undefined {
  const stateOf = (one: Values) => valueAt(one, "topicSpacesConfiguration.state");
  return before !== undefined && stateOf(before) === "Enabled" && stateOf(wanted) !== "Enabled"
    ? "InvalidRequest: Topic spaces can't be disabled once they are enabled."
    : undefined;
}

/** A topic has to exist before messages are routed to it. @see Azure Verified Modules, routeTopicResourceId; Event Grid, Route MQTT messages */
function refuseRouting(wanted: Values, store: ArmStore): string | undefined {
  const topic = textAt(wanted, "topicSpacesConfiguration.routeTopicResourceId");
  return topic === "" || store.get(topic) !== undefined ? undefined : `InvalidRequest: Topic ${topic} was not found.`;
}

/** The types that the components create, one row each. A type that is not here can't be created. */
export const armTypes: { readonly [type: string]: ArmType } = {
  "azure-native:authorization:ManagementLockByScope": {
    id: "{scope}/providers/Microsoft.Authorization/locks/{lockName}",
    required: ["level"],
    rules: { level: oneOf("CanNotDelete", "ReadOnly"), lockName: pattern(/^[^<>%&:\\?/]{1,260}$/) },
  },
  "azure-native:authorization:RoleAssignment": {
    id: "{scope}/providers/Microsoft.Authorization/roleAssignments/{roleAssignmentName}",
    isNamedByGuid: true,
    replacing: ["roleDefinitionId", "principalId", "principalType"],
    required: ["roleDefinitionId", "principalId"],
    rules: {
      principalId: guid,
      principalType: oneOf("User", "Group", "ServicePrincipal", "ForeignGroup", "Device"),
    },
    // @see Azure RBAC, Troubleshoot, "The role assignment already exists"
    conflicts: (wanted, other) =>
      isSameText(wanted["principalId"], other["principalId"]) &&
      isSameText(lastLevel(wanted["roleDefinitionId"]), lastLevel(other["roleDefinitionId"]))
        ? "RoleAssignmentExists: The role assignment already exists."
        : undefined,
    refuses: ({ principalId, principalType }, _, { replicatedPrincipals }) =>
      principalType !== undefined || replicatedPrincipals.has(textOf(principalId))
        ? undefined
        : `PrincipalNotFound: Principal ${textOf(principalId)} does not exist in the directory.`,
  },
  "azure-native:eventgrid:CaCertificate": {
    id: `${namespace}/caCertificates/{caCertificateName}`,
    required: ["encodedCertificate"],
    rules: { caCertificateName: eventGridName },
  },
  "azure-native:eventgrid:Client": {
    id: `${namespace}/clients/{clientName}`,
    // @see Event Grid, MQTT clients
    rules: {
      clientName: pattern(/^[A-Za-z0-9-:._]{1,128}$/),
      authenticationName: pattern(/^.{1,128}$/s),
      "clientCertificateAuthentication.allowedThumbprints": listOf(2),
      attributes: attributeKeys,
    },
    defaults: { state: "Enabled" },
    immutable: ["authenticationName"],
    conflicts: (wanted, other) =>
      isSameText(authenticationNameOf(wanted), authenticationNameOf(other))
        ? `Conflict: The client ${textAt(other, "name")} has this authentication name.`
        : undefined,
  },
  "azure-native:eventgrid:ClientGroup": {
    id: `${namespace}/clientGroups/{clientGroupName}`,
    required: ["query"],
    rules: { clientGroupName: eventGridName },
  },
  "azure-native:eventgrid:Namespace": {
    id: namespace,
    replacing: ["location", "isZoneRedundant"],
    rules: {
      namespaceName: eventGridName,
      publicNetworkAccess: oneOf("Enabled", "Disabled", "SecuredByPerimeter"),
      minimumTlsVersionAllowed: oneOf("1.2"),
      "sku.name": oneOf("Standard"),
      "sku.capacity": integer(1, 40),
      "topicSpacesConfiguration.state": oneOf("Enabled", "Disabled"),
      "topicSpacesConfiguration.maximumClientSessionsPerAuthenticationName": integer(1, 100),
      "topicSpacesConfiguration.maximumSessionExpiryInHours": integer(1, 8),
    },
    defaults: { location: "westeurope", publicNetworkAccess: "Enabled" },
    computed: {
      provisioningState: () => "Succeeded",
      "topicSpacesConfiguration.hostname": (resource, id) =>
        `${id.split("/").at(-1) ?? ""}.${textAt(resource, "location")}-1.ts.eventgrid.azure.net`,
    },
    refuses: (wanted, before, store) => refuseState(wanted, before) ?? refuseRouting(wanted, store),
  },
  "azure-native:eventgrid:NamespaceTopic": {
    id: `${namespace}/topics/{topicName}`,
    rules: {
      topicName: eventGridName,
      eventRetentionInDays: integer(1, 7),
      inputSchema: oneOf("CloudEventSchemaV1_0"),
      publisherType: oneOf("Custom"),
    },
  },
  "azure-native:eventgrid:NamespaceTopicEventSubscription": {
    id: `${namespace}/topics/{topicName}/eventSubscriptions/{eventSubscriptionName}`,
    rules: {
      eventSubscriptionName: eventGridName,
      "deliveryConfiguration.deliveryMode": oneOf("Queue", "Push"),
      "deliveryConfiguration.queue.receiveLockDurationInSeconds": integer(60, 300),
    },
  },
  "azure-native:eventgrid:PermissionBinding": {
    id: `${namespace}/permissionBindings/{permissionBindingName}`,
    required: ["clientGroupName", "topicSpaceName", "permission"],
    rules: { permissionBindingName: eventGridName, permission: oneOf("Publisher", "Subscriber") },
  },
  "azure-native:eventgrid:TopicSpace": {
    id: `${namespace}/topicSpaces/{topicSpaceName}`,
    required: ["topicTemplates"],
    // @see Event Grid, Topic spaces (2026-08-26)
    rules: { topicSpaceName: eventGridName, topicTemplates: listOf(10, pattern(/^(?!\$(?!\{client\.))/)) },
    computed: { provisioningState: () => "Succeeded" },
  },
  "azure-native:monitor:DiagnosticSetting": {
    id: "{resourceUri}/providers/Microsoft.Insights/diagnosticSettings/{name}",
    rules: { workspaceId: pattern(/^\/subscriptions\/.+\/workspaces\/[^/]+$/) },
  },
  "azure-native:extendedlocation:CustomLocation": {
    id: `${group}/Microsoft.ExtendedLocation/customLocations/{resourceName}`,
  },
  "azure-native:iotoperations:Dataflow": {
    id: `${instance}/dataflowProfiles/{dataflowProfileName}/dataflows/{dataflowName}`,
    rules: { dataflowName: aioName },
    ...aioResource,
  },
  "azure-native:iotoperations:DataflowEndpoint": {
    id: `${instance}/dataflowEndpoints/{dataflowEndpointName}`,
    rules: { dataflowEndpointName: aioName, "properties.mqttSettings.qos": integer(0, 1) },
    ...aioResource,
  },
  "azure-native:iotoperations:DataflowProfile": {
    id: `${instance}/dataflowProfiles/{dataflowProfileName}`,
    rules: { dataflowProfileName: aioName, "properties.instanceCount": integer(1, 20) },
    ...aioResource,
  },
  "azure-native:iotoperations:Instance": { id: instance },
  "azure-native:kubernetesconfiguration:Extension": {
    id: `${group}/{clusterRp}/{clusterResourceName}/{clusterName}/providers/Microsoft.KubernetesConfiguration/extensions/{extensionName}`,
  },
  "azure-native:kubernetesconfiguration:FluxConfiguration": {
    id: `${group}/{clusterRp}/{clusterResourceName}/{clusterName}/providers/Microsoft.KubernetesConfiguration/fluxConfigurations/{fluxConfigurationName}`,
    replacing: ["scope", "namespace"],
    computed: { complianceState: () => "Pending" },
  },
  "azure-native:managedidentity:FederatedIdentityCredential": {
    id: `${group}/Microsoft.ManagedIdentity/userAssignedIdentities/{resourceName}/federatedIdentityCredentials/{federatedIdentityCredentialResourceName}`,
    required: ["issuer", "subject", "audiences"],
    rules: { issuer: pattern(/^https:\/\//), audiences: listOf(1) },
    // @see Microsoft Entra, Workload identity federation, considerations and restrictions
    conflicts: (wanted, other) =>
      isSameText(wanted["issuer"], other["issuer"]) && isSameText(wanted["subject"], other["subject"])
        ? "Conflict: Issuer and subject combination already exists for this Managed Identity."
        : undefined,
  },
  "azure-native:managedidentity:UserAssignedIdentity": {
    id: `${group}/Microsoft.ManagedIdentity/userAssignedIdentities/{resourceName}`,
    replacing: ["location"],
    defaults: { location: "westeurope" },
    computed: {
      principalId: (_, id) => guidFrom(`principal of ${id}`),
      clientId: (_, id) => guidFrom(`client of ${id}`),
      tenantId: () => guidFrom("tenant"),
    },
  },
  "azure-native:network:PrivateEndpoint": {
    id: `${group}/Microsoft.Network/privateEndpoints/{privateEndpointName}`,
    replacing: ["location", "subnet.id"],
    required: ["subnet.id"],
    defaults: { location: "westeurope" },
    computed: { provisioningState: () => "Succeeded" },
  },
  "azure-native:network:PrivateDnsZoneGroup": {
    id: `${group}/Microsoft.Network/privateEndpoints/{privateEndpointName}/privateDnsZoneGroups/{privateDnsZoneGroupName}`,
    replacing: [],
    required: [],
    computed: { provisioningState: () => "Succeeded" },
  },
  "azure-native:resources:Resource": {
    id: `${group}/{resourceProviderNamespace}/{parentResourcePath}/{resourceType}/{resourceName}`,
    replacing: ["apiVersion", "location", "extendedLocation.name"],
    required: ["apiVersion"],
  },
};

/** A GUID that is always the same for a text. */
export function guidFrom(text: string): string {
  return digitsFrom(text).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12}).*$/, "$1-$2-$3-$4-$5");
}
