import { checkPlan } from "../../../components/bridge/check-plan.ts";
import { planBridge } from "../../../components/bridge/plan.ts";
import { MqttBridge } from "../../../components/index.ts";
import type { MqttBridgeArgs } from "../../../components/index.ts";
import { parseRelayConfig } from "../../../runtime/contract/config.ts";
import { formatProblem } from "../../../runtime/contract/errors.ts";
import { aioBridge, defaultId, instance, noteRegistrations } from "../aio/declaration.ts";
import type { Registration } from "../aio/declaration.ts";
import { deploy, only, valueOf } from "../mocks.ts";

const endpointType = "azure-native:iotoperations:DataflowEndpoint";
const kubernetes = { ...instance, resourceApi: "Kubernetes" } as const;
const customResource = "kubernetes:connectivity.iotoperations.azure.com/v1:DataflowEndpoint";
const host = "my-mqtt-broker:8885";

const problems = (args: Partial<MqttBridgeArgs>) =>
  checkPlan(planBridge("oslo", { ...aioBridge, ...args })).problems.map(formatProblem);

/** The relay beside AIO's engine, with AIO's endpoint as its source. */
const withRelay: Partial<MqttBridgeArgs> = {
  customEndpoints: { archive: { host: "archive.example:8883", authenticationMethod: "Anonymous" } },
  dataflows: {
    ...aioBridge.dataflows,
    copy: { source: "default", dataSources: ["copy/#"], destination: "archive", dataDestination: "archive/copy" },
  },
  relay: { image: "relay:1" },
};

describe("settings of an endpoint that AIO has already", () => {
  test("are refused where AIO's engine alone uses it, each with the ways out", () => {
    expect(problems({ localEndpoints: { default: { host, qos: 0 } } })).toEqual(
      ["host", "qos"].map(
        (field) =>
          `localEndpoints.default.${field}: is set, and changes nothing: the endpoint "default" exists already in AIO, and the relay does not use it; remove it here, and change it where the endpoint is owned; or take the endpoint over with localEndpoints.default.adopt: "${defaultId}" [aio-existing]`,
      ),
    );
  });

  test("reach the relay where it uses the endpoint too", async () => {
    const declared = { ...aioBridge, ...withRelay, localEndpoints: { default: { host } } };

    const { result } = await deploy(() => new MqttBridge("oslo", declared));

    const { config } = parseRelayConfig((await valueOf(result.configText))!, { where: "test" });
    expect(config.endpoints["default"]?.mqttSettings.host).toBe(host);
  });

  test("are not asked for by what the platform tells of AIO's broker, where they would go nowhere", async () => {
    const broker = { host, audience: "mine", trustBundle: "my-ca" };
    const told = { ...aioBridge, instance: { ...instance, broker } };

    expect(problems(told)).toEqual([]);
    await expect(deploy(() => new MqttBridge("oslo", told))).resolves.toBeDefined();
    expect(problems({ ...withRelay, instance: { ...instance, broker } }).map((text) => text.split(":")[0])).toEqual([
      "localEndpoints.default.host",
      "localEndpoints.default.audience",
      "localEndpoints.default.trustedCaCertificateConfigMapRef",
    ]);
  });

  test("are known to change nothing where they have to be given", () => {
    const customEndpoints = {
      plant: { host: "a.example:8883", authenticationMethod: "Anonymous", existing: true },
    } as const;
    const dataflows = { telemetry: { ...aioBridge.dataflows["telemetry"]!, destination: "plant" } };

    const { problems: none, warnings } = checkPlan(planBridge("oslo", { ...aioBridge, customEndpoints, dataflows }));

    expect(none).toEqual([]);
    expect(warnings.map(({ path }) => path)).toEqual(["customEndpoints.plant.host"]);
  });
});

describe("an endpoint that is taken over", () => {
  test("is imported and given the settings of the declaration, and stays when the stack ends", async () => {
    const declared = { ...aioBridge, localEndpoints: { default: { host, adopt: defaultId } } };

    const { deployed, noted } = await noting(declared);

    const { inputs } = deployed.resources.find(({ name }) => name === "oslo-default-endpoint")!;
    expect(inputs).toMatchObject({ dataflowEndpointName: "default", properties: { mqttSettings: { host } } });
    expect(noted.get("oslo-default-endpoint")).toMatchObject({
      importId: defaultId,
      retainOnDelete: true,
      ignoreChanges: ["extendedLocation"],
      replaceOnChanges: [],
    });
    expect(noted.get("oslo-cloud-endpoint")).toMatchObject({ importId: "", retainOnDelete: false, ignoreChanges: [] });
    expect(noted.get("oslo-aio-telemetry")?.dependencies).toContain("oslo-default-endpoint");
  });

  test("is of the provider's own class whatever host it has, since that alone can be imported", async () => {
    const { deployed } = await noting({ ...aioBridge, localEndpoints: { default: { host, adopt: defaultId } } });

    const types = deployed.resources.map(({ type }) => type);
    expect(types.filter((type) => type === endpointType)).toHaveLength(2);
    expect(types).not.toContain("azure-native:resources:Resource");
  });

  test("is imported from the cluster with the Kubernetes API, and taken from whoever manages its fields", async () => {
    const adopt = "azure-iot-operations/default";
    const eventGridEndpoints = { cloud: { ...aioBridge.eventGridEndpoints!["cloud"]!, existing: true } };
    const local = { ...aioBridge, eventGridEndpoints, instance: kubernetes, localEndpoints: { default: { adopt } } };

    const { deployed, noted } = await noting(withoutRetain(local));

    expect(only(deployed, customResource).inputs["metadata"]).toEqual({
      name: "default",
      namespace: "azure-iot-operations",
      annotations: { "pulumi.com/patchForce": "true" },
    });
    expect(noted.get("oslo-default-endpoint")).toMatchObject({ importId: adopt, retainOnDelete: true });
  });

  test("can't be one that only files are written for", () => {
    const gitOps = { directory: "manifests" };
    const localEndpoints = { default: { adopt: "azure-iot-operations/default" } };

    expect(problems({ gitOps, localEndpoints, instance: kubernetes })).toEqual([
      'localEndpoints.default.adopt: is set, and gitOps hands over files, which can\'t take over what is in the cluster; set instance.resourceApi to "AzureResourceManager", or change the endpoint where it is owned [aio-adopt]',
    ]);
    expect(problems({ gitOps, localEndpoints: { default: { adopt: defaultId } } })).toEqual([]);
  });

  test("has a method that AIO's API has", () => {
    const other = {
      host: "a.example:8883",
      authenticationMethod: "UsernamePassword",
      secretRef: "a",
      adopt: "x",
    } as const;

    expect(problems({ customEndpoints: { other } })).toEqual([
      expect.stringContaining("customEndpoints.other.adopt: is set, and there is no AIO instance"),
    ]);
  });
});

/** Runs a bridge and notes what the engine is asked for. */
async function noting(args: MqttBridgeArgs) {
  let noted = new Map<string, Registration>();
  const deployed = await deploy(() => {
    noted = noteRegistrations();
    return new MqttBridge("oslo", args);
  });
  return { deployed, noted };
}

/** An endpoint that exists already has no settings here. */
function withoutRetain({ eventGridEndpoints, ...args }: MqttBridgeArgs): MqttBridgeArgs {
  const cloud = { authenticationMethod: "SystemAssignedManagedIdentity", existing: true } as const;
  return { ...args, eventGridEndpoints: eventGridEndpoints === undefined ? {} : { cloud } };
}
