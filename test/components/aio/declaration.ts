import * as pulumi from "@pulumi/pulumi";

import type { MqttBridgeArgs } from "../../../components/index.ts";
import { customLocationId } from "../mocks.ts";

/** An instance whose extension's identity is known, so that nothing is looked up. */
export const instance = {
  resourceGroupName: "rg-edge",
  instanceName: "aio",
  customLocationId,
  extensionPrincipalId: "aio-principal",
};

/** ID of the endpoint that the instance comes with. */
export const defaultId =
  "/subscriptions/00000000-0000-0000-0000-00000000000f/resourceGroups/rg-edge/providers/Microsoft.IoTOperations/instances/aio/dataflowEndpoints/default";

export const telemetry = {
  engine: "AzureIoTOperations",
  source: "default",
  dataSources: ["plant/+/telemetry/#"],
  destination: "cloud",
  dataDestination: "sites/oslo/${inputTopic}",
} as const;

export const commands = {
  engine: "AzureIoTOperations",
  source: "cloud",
  dataSources: ["sites/oslo/commands/+/+"],
  destination: "default",
  dataDestination: "plant/${inputTopic.4}/commands/${inputTopic.5}",
} as const;

/** One site whose dataflows AIO's own engine runs, all of them. */
export const aioBridge: MqttBridgeArgs = {
  site: "oslo",
  eventGrid: {
    resourceGroupName: "rg",
    topicSpaces: {
      telemetry: { topicTemplates: ["sites/oslo/plant/#"] },
      commands: { topicTemplates: ["sites/oslo/commands/+/+"] },
    },
  },
  localEndpoints: { default: {} },
  eventGridEndpoints: { cloud: { authenticationMethod: "SystemAssignedManagedIdentity", retain: "Never" } },
  dataflows: {
    telemetry: { ...telemetry, dataSources: [...telemetry.dataSources] },
    commands: { ...commands, dataSources: [...commands.dataSources] },
  },
  instance,
};

/** What a resource was registered with beyond its inputs. */
export interface Registration {
  readonly name: string;
  readonly dependencies: readonly string[];
  readonly aliasTypes: readonly string[];
  readonly aliasNames: readonly string[];
  readonly deleteBeforeReplace: boolean;
  readonly replaceOnChanges: readonly string[];
  readonly ignoreChanges: readonly string[];
  /** ID of what is imported; empty where nothing is. */
  readonly importId: string;
  readonly retainOnDelete: boolean;
}

interface RegisterRequest {
  getName(): string;
  getDependenciesList(): string[];
  getAliasesList(): { getSpec(): { getType(): string; getName(): string } | undefined }[];
  getDeletebeforereplace(): boolean;
  getReplaceonchangesList(): string[];
  getIgnorechangesList(): string[];
  getImportid(): string;
  getRetainondelete(): boolean;
}

/** Notes what the engine is asked for, by the name of the resource; to be called where the program starts. */
export function noteRegistrations(): Map<string, Registration> {
  const noted = new Map<string, Registration>();
  const monitor = pulumi.runtime.getMonitor() as unknown as {
    registerResource(request: RegisterRequest, callback: unknown): Promise<void>;
  };
  const register = monitor.registerResource.bind(monitor);
  monitor.registerResource = (request, callback) => {
    noted.set(request.getName(), {
      name: request.getName(),
      dependencies: request.getDependenciesList().map((urn) => urn.split("::").at(-1) ?? ""),
      aliasTypes: request.getAliasesList().map((alias) => alias.getSpec()?.getType() ?? ""),
      aliasNames: request.getAliasesList().map((alias) => alias.getSpec()?.getName() ?? ""),
      deleteBeforeReplace: request.getDeletebeforereplace(),
      replaceOnChanges: request.getReplaceonchangesList(),
      ignoreChanges: request.getIgnorechangesList(),
      importId: request.getImportid(),
      retainOnDelete: request.getRetainondelete(),
    });
    return register(request, callback);
  };
  return noted;
}
