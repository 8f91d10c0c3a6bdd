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

const aioResource = {
  replacing: ["extendedLocation.name", "extendedLocation.type"],
  required: ["extendedLocation.name", "properties"],
  computed: { "properties.provisioningState": () => "Succeeded" },
} as const;

/** The types that the components create, one row each. A type that is not here can't be created. */
export const armTypes: { readonly [type: string]: ArmType } = {
  "azure-native:authorization:RoleAssignment": {
    id: "{scope}/providers/Microsoft.Authorization/roleAssignments/{roleAssignmentName}",
    isNamedByGuid: true,
    replacing: ["roleDefinitionId", "principalId", "principalType"],
    required: ["roleDefinitionId", "principalId"],
    rules: {
      principalId: guid,
      principalType: oneOf("User", "Group", "ServicePrincipal", "ForeignGroup", "Device"),
    },
    refuses: (wanted, before, store) => {
      const { principalId, principalType } = wanted;
      if (principalType === undefined && !store.replicatedPrincipals.has(textOf(principalId)))
        return `PrincipalNotFound: Principal ${textOf(principalId)} does not exist in the directory.`;
      return before === undefined && isAssigned(wanted, store)
        ? "RoleAssignmentExists: The role assignment already exists."
        : undefined;
    },
  },
  "azure-native:eventgrid:CaCertificate": {
    id: `${namespace}/caCertificates/{caCertificateName}`,
    required: ["encodedCertificate"],
    rules: { caCertificateName: eventGridName },
  },
  "azure-native:eventgrid:Client": {
    id: `${namespace}/clients/{clientName}`,
    defaults: { state: "Enabled" },
    refuses: (wanted, before) =>
      before === undefined || before["authenticationName"] === wanted["authenticationName"]
        ? undefined
        : "BadRequest: The authentication name of a client can't be changed.",
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
      publicNetworkAccess: oneOf("Enabled", "Disabled"),
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
    refuses: (wanted, before) =>
      before !== undefined &&
      valueAt(before, "topicSpacesConfiguration.state") === "Enabled" &&
      valueAt(wanted, "topicSpacesConfiguration.state") !== "Enabled"
        ? "InvalidRequest: Topic spaces can't be disabled once they are enabled."
        : undefined,
  },
  "azure-native:eventgrid:PermissionBinding": {
    id: `${namespace}/permissionBindings/{permissionBindingName}`,
    required: ["clientGroupName", "topicSpaceName", "permission"],
    rules: { permissionBindingName: eventGridName, permission: oneOf("Publisher", "Subscriber") },
  },
  "azure-native:eventgrid:TopicSpace": {
    id: `${namespace}/topicSpaces/{topicSpaceName}`,
    required: ["topicTemplates"],
    rules: { topicSpaceName: eventGridName, topicTemplates: listOf(10) },
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
  "azure-native:resources:Resource": {
    id: `${group}/{resourceProviderNamespace}/{parentResourcePath}/{resourceType}/{resourceName}`,
    replacing: ["apiVersion", "location", "extendedLocation.name"],
    required: ["apiVersion"],
  },
};

/** Tells whether a principal has a role at a scope already, by an assignment of whichever name. @see Azure RBAC, troubleshooting */
function isAssigned(wanted: Values, store: ArmStore): boolean {
  const keyOf = (values: Values) =>
    ["scope", "principalId", "roleDefinitionId"].map((field) => textAt(values, field).toLowerCase()).join(" ");
  const assignments = store.ids.filter((id) => /\/roleAssignments\/[^/]+$/i.test(id));
  return assignments.some((id) => keyOf(store.get(id) ?? {}) === keyOf(wanted));
}

/** A GUID that is always the same for a text. */
export function guidFrom(text: string): string {
  return digitsFrom(text).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12}).*$/, "$1-$2-$3-$4-$5");
}
