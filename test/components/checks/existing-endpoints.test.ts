import * as pulumi from "@pulumi/pulumi";

import {
  checkEndpointResource,
  checkIdleSettings,
  endpointId,
  findDescriptions,
} from "../../../components/checks/existing-endpoints.ts";
import type { EndpointResource, IdleEndpoint } from "../../../components/checks/existing-endpoints.ts";
import { formatProblem } from "../../../runtime/contract/errors.ts";
import { defaultId, instance } from "../aio/declaration.ts";

const kubernetes = { ...instance, resourceApi: "Kubernetes" } as const;
const local: EndpointResource = {
  endpointName: "default",
  hostType: "LocalBroker",
  isLeftAlone: false,
  declared: {},
  instance,
};
const later = pulumi.output(Promise.resolve("later"));

const found = (resource: Partial<EndpointResource>, path = "at.") =>
  checkEndpointResource(path, { ...local, ...resource }).map(formatProblem);

describe("the endpoint that AIO comes with", () => {
  test("is not created again, and the ways out are named", () => {
    expect(found({ declared: { existing: false } })).toEqual([
      `at.existing: is false, and AIO comes with the endpoint "default", which can't be created again; set at.endpointName to another name, or take over the one that AIO has: remove existing, and set at.adopt to "${defaultId}" [aio-existing]`,
    ]);
  });

  test.each<[string, Partial<EndpointResource>]>([
    ["is left alone", { isLeftAlone: true }],
    ["is taken over", { declared: { adopt: defaultId } }],
    ["is in no instance", { instance: undefined }],
    ["has another name", { endpointName: "edge", declared: { existing: false } }],
  ])("is no problem where it %s", (_, resource) => {
    expect(found(resource)).toEqual([]);
  });

  test("has its name to itself: an endpoint at another broker is renamed, and takes nothing over", () => {
    const cloud = { hostType: "EventGrid", declared: {} } as const;

    expect(found(cloud, "eventGridEndpoints.default.")).toEqual([
      'eventGridEndpoints.default: is to be the endpoint "default", which AIO comes with and which can\'t be created again; set eventGridEndpoints.default.endpointName to another name [aio-existing]',
    ]);
    expect(found({ ...cloud, declared: { adopt: defaultId } })).toEqual([
      'at.adopt: is set, and would lead "default", the endpoint of AIO\'s own broker, to another broker; remove it, and set at.endpointName to another name [aio-adopt]',
    ]);
  });
});

describe("what is taken over", () => {
  test.each<[string, string, EndpointResource["instance"]]>([
    ["in Azure", defaultId, instance],
    ["in another subscription than the custom location", defaultId.replace("00f", "00a"), instance],
    ["in the cluster", "azure-iot-operations/default", kubernetes],
    ["in the cluster, where AIO has another namespace", "aio/default", { ...kubernetes, namespace: "aio" }],
    ["where the group gets known later", defaultId, { ...instance, resourceGroupName: later }],
    ["where the namespace gets known later", "aio/default", { ...kubernetes, namespace: later }],
  ])("is named by its ID: %s", (_, adopt, where) => {
    expect(found({ declared: { adopt }, instance: where })).toEqual([]);
  });

  test.each<[string, string, EndpointResource["instance"]]>([
    ["its name alone", "default", instance],
    ["nothing", "", instance],
    ["another resource group", defaultId.replace("rg-edge", "rg"), instance],
    ["another instance", defaultId.replace("/aio/", "/other/"), instance],
    ["another endpoint", `${defaultId}-2`, instance],
    [
      "other letters, which Azure takes and Pulumi does not",
      defaultId.replace("resourceGroups", "resourcegroups"),
      instance,
    ],
    ["no subscription", defaultId.replace(/subscriptions\/[^/]+/, "subscriptions/"), instance],
    ["Azure's ID in the cluster", defaultId, kubernetes],
    ["another namespace", "other/default", kubernetes],
  ])("is not named by %s", (_, adopt, where) => {
    expect(found({ declared: { adopt }, instance: where })).toEqual([
      `at.adopt: is ${JSON.stringify(adopt)}, which is no ID of the endpoint "default" in this instance; give "${endpointId({ endpointName: "default", instance: where })}", in just these letters [aio-adopt]`,
    ]);
  });

  test("has an instance, and is not said to be left alone", () => {
    expect(found({ declared: { adopt: defaultId }, instance: undefined })).toEqual([
      "at.adopt: is set, and there is no AIO instance that the endpoint would be in; add instance, or remove it [aio-adopt]",
    ]);
    expect(found({ declared: { adopt: defaultId, existing: true }, isLeftAlone: true })).toEqual([
      "at.existing: is true, and adopt says that the endpoint exists and is taken over; remove it, or remove adopt [aio-adopt]",
    ]);
  });

  test("is suggested as far as it is known", () => {
    const unknown = { ...instance, instanceName: later, customLocationId: later, resourceGroupName: later };

    expect(endpointId({ endpointName: "default", instance: unknown })).toBe(
      "/subscriptions/<subscription>/resourceGroups/<resource group>/providers/Microsoft.IoTOperations/instances/<instance>/dataflowEndpoints/default",
    );
    expect(endpointId({ endpointName: "default", instance: { ...kubernetes, namespace: later } })).toBe(
      "<namespace>/default",
    );
  });
});

describe("an endpoint that is left alone and that the relay does not use", () => {
  const idle = (hostType: IdleEndpoint["hostType"], declared: object, authenticationMethod = "X509Certificate") =>
    ({ ...local, hostType, isLeftAlone: true, declared, authenticationMethod }) as IdleEndpoint;
  const settings = { host: "a:1883", authenticationMethod: "X509Certificate", secretRef: "cert", qos: later };

  test("has no settings, since they would go nowhere", () => {
    const problems = checkIdleSettings("at.", idle("LocalBroker", { ...settings, existing: true, endpointName: "a" }));

    expect(problems.map(({ path }) => path)).toEqual(["at.host", "at.authenticationMethod", "at.secretRef", "at.qos"]);
    expect(formatProblem(problems[0]!)).toBe(
      `at.host: is set, and changes nothing: the endpoint "default" exists already in AIO, and the relay does not use it; remove it here, and change it where the endpoint is owned; or take the endpoint over with at.adopt: "${defaultId}" [aio-existing]`,
    );
    expect(findDescriptions("at.", idle("LocalBroker", settings))).toEqual([]);
  });

  test.each(["EventGrid", "CustomMqtt"] as const)("says which broker it is and who authenticates: %s", (hostType) => {
    expect(checkIdleSettings("at.", idle(hostType, settings)).map(({ path }) => path)).toEqual(["at.qos"]);
    expect(findDescriptions("at.", idle(hostType, settings)).map(formatProblem)).toEqual([
      `at.host: describes the endpoint "default" (with authenticationMethod, secretRef), which exists already in AIO, and changes nothing at it; change it where the endpoint is owned too, or take the endpoint over with at.adopt: "${defaultId}" [existing-description]`,
    ]);
  });

  test("draws no warning where nothing is said of it", () => {
    const declared = { existing: true };

    expect(findDescriptions("at.", idle("EventGrid", declared, "UserAssignedManagedIdentity"))).toEqual([]);
  });
});
