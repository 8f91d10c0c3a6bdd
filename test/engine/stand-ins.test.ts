import { createArmProvider } from "./support/arm/provider.ts";
import { createArmStore } from "./support/arm/store.ts";
import { subscription } from "./support/arm/types.ts";
import { isReplacedFor } from "./support/kubernetes/replacement.ts";
import type { ResourceState } from "./support/provider-server.ts";
import type { Values } from "./support/values.ts";

/*
 * What the stand-in for Azure does as Azure Resource Manager does, and the one for Kubernetes as Pulumi's provider does,
 * where no stack of these tests comes to it.
 */
const randomSeed = new Uint8Array([1]);
const namespaceType = { type: "azure-native:eventgrid:Namespace", name: "broker" };
const namespaceInputs = { resourceGroupName: "rg", topicSpacesConfiguration: { state: "Enabled" } };

function setUp() {
  const store = createArmStore();
  const provider = createArmProvider(store).configure({});
  const create = async (resource: { readonly type: string; readonly name: string }, given: Values) => {
    const { inputs, failures } = provider.check({ ...resource, randomSeed }, undefined, given);
    if (failures.length > 0) throw new Error(failures.map(({ reason }) => reason).join("; "));
    const { id, outputs } = await provider.create(resource, inputs, false);
    return { id, inputs, outputs } satisfies ResourceState;
  };
  return { store, provider, create };
}

describe("Azure", () => {
  test("a namespace gets a made-up name and, only once it is there, a host name", async () => {
    const { provider, create } = setUp();

    const { inputs } = provider.check({ ...namespaceType, randomSeed }, undefined, namespaceInputs);
    const preview = await provider.create(namespaceType, inputs, true);
    const { outputs } = await create(namespaceType, namespaceInputs);

    expect(JSON.stringify(preview.outputs)).not.toContain("ts.eventgrid.azure.net");
    expect(outputs["name"]).toMatch(/^broker[0-9a-f]{8}$/);
    expect(outputs["topicSpacesConfiguration"]).toMatchObject({
      hostname: `${outputs["name"] as string}.westeurope-1.ts.eventgrid.azure.net`,
    });
  });

  test("MQTT can't be turned off again", async () => {
    const { provider, create } = setUp();
    const before = await create(namespaceType, namespaceInputs);
    const off = { ...before.inputs, topicSpacesConfiguration: { state: "Disabled" } };

    await expect(provider.update(namespaceType, before, off, false)).rejects.toThrow(/Code="InvalidRequest"/);
  });

  test("another resource group replaces a namespace, after deleting it; another tag does not", async () => {
    const { provider, create } = setUp();
    const before = await create(namespaceType, namespaceInputs);
    const diff = (changed: Values) => provider.diff(namespaceType, before, { ...before.inputs, ...changed });

    expect(diff({ resourceGroupName: "other" }).deleteBeforeReplace).toBe(true);
    expect(diff({ tags: { a: "b" } }).differences).toMatchObject([{ path: "tags", kind: "add", replaces: false }]);
  });

  test("a role assignment without a principal type is refused for a principal that no lookup finds yet", async () => {
    const { store, create } = setUp();
    const { id: scope } = await create(namespaceType, namespaceInputs);
    const role = { type: "azure-native:authorization:RoleAssignment", name: "role" };
    const principalId = "00000000-0000-0000-0000-0000000000a1";
    const inputs = { scope, principalId, roleDefinitionId: "publisher" };

    await expect(create(role, inputs)).rejects.toThrow(/Code="PrincipalNotFound"/);
    await expect(create(role, { ...inputs, principalType: "ServicePrincipal" })).resolves.toBeDefined();
    store.replicatedPrincipals.add(principalId);
    await expect(
      create({ ...role, name: "other" }, { ...inputs, roleDefinitionId: "subscriber" }),
    ).resolves.toBeDefined();
  });

  test("a role is assigned once to a principal at a scope, under whichever name", async () => {
    const { create, provider } = setUp();
    const { id: scope } = await create(namespaceType, namespaceInputs);
    const role = { type: "azure-native:authorization:RoleAssignment", name: "role" };
    const principal = { principalId: "00000000-0000-0000-0000-0000000000a1", principalType: "ServicePrincipal" };
    const inputs = { scope, roleDefinitionId: "publisher", ...principal };
    const first = await create(role, inputs);

    await expect(create({ ...role, name: "other" }, inputs)).rejects.toThrow(/Status=409 Code="RoleAssignmentExists"/);
    await expect(create({ ...role, name: "other" }, { ...inputs, scope: `${scope}/x` })).rejects.toThrow(/NotFound/);
    await provider.delete(role, first);
    await expect(create({ ...role, name: "other" }, inputs)).resolves.toBeDefined();
  });

  test.each([
    [
      "a property out of bounds",
      { sku: { name: "Standard", capacity: 41 } },
      "'sku.capacity' is not an integer from 1 to 40",
    ],
    ["a name that is none", { namespaceName: "a_b" }, "'namespaceName' does not match ^[A-Za-z0-9-]{3,50}$"],
  ])("refuses %s", async (_, wrong, reason) => {
    await expect(setUp().create(namespaceType, { ...namespaceInputs, ...wrong })).rejects.toThrow(reason);
  });

  test("refuses a type that it does not know, a resource without its parent, and one that is there already", async () => {
    const { create } = setUp();
    const space = { type: "azure-native:eventgrid:TopicSpace", name: "space" };
    const spaceInputs = { resourceGroupName: "rg", namespaceName: "none", topicTemplates: ["a/#"] };
    await create(namespaceType, { ...namespaceInputs, namespaceName: "given" });

    await expect(create({ type: "azure-native:sql:Server", name: "s" }, {})).rejects.toThrow(/add a row to armTypes/);
    await expect(create(space, spaceInputs)).rejects.toThrow(/ParentResourceNotFound/);
    await expect(create(namespaceType, { ...namespaceInputs, namespaceName: "given" })).rejects.toThrow(
      /cannot create already existing resource/,
    );
  });

  test("answers with what is there, and only for what it can know", async () => {
    const { provider, create } = setUp();
    const { id } = await create(namespaceType, { ...namespaceInputs, namespaceName: "given" });
    const get = (namespaceName: string) =>
      provider.invoke("azure-native:eventgrid:getNamespace", { resourceGroupName: "rg", namespaceName });

    await expect(get("given")).resolves.toMatchObject({ id, topicSpacesConfiguration: { state: "Enabled" } });
    await expect(get("other")).rejects.toThrow(/Code="ResourceNotFound"/);
    await expect(provider.invoke("azure-native:storage:listKeys", {})).rejects.toThrow(/has no answer/);
  });

  test("deletes with a resource what is in it", async () => {
    const { store, provider, create } = setUp();
    const before = await create(namespaceType, { ...namespaceInputs, namespaceName: "given" });
    const space = { type: "azure-native:eventgrid:TopicSpace", name: "space" };
    await create(space, { resourceGroupName: "rg", namespaceName: "given", topicTemplates: ["a/#"] });

    await provider.delete(namespaceType, before);

    expect(store.ids).toEqual([]);
  });

  test("has IDs below its subscription, and scopes where they say", async () => {
    const { create } = setUp();
    const { id: scope } = await create(namespaceType, { ...namespaceInputs, namespaceName: "given" });
    const role = { type: "azure-native:authorization:RoleAssignment", name: "role" };
    const principal = { principalId: "00000000-0000-0000-0000-0000000000a1", principalType: "ServicePrincipal" };

    const { id } = await create(role, { scope, roleDefinitionId: "publisher", ...principal });

    expect(scope).toBe(`${subscription}/resourceGroups/rg/providers/Microsoft.EventGrid/namespaces/given`);
    expect(id).toMatch(/\/namespaces\/given\/providers\/Microsoft\.Authorization\/roleAssignments\/[0-9a-f-]{36}$/);
  });
});

describe("Kubernetes", () => {
  const immutable = { configMaps: false, secrets: false };
  const mutable = { configMaps: true, secrets: true };

  test.each([
    ["v1", "ConfigMap", 'data["config.json"]', true, false],
    ["v1", "ConfigMap", "metadata.labels.a", false, false],
    ["v1", "ConfigMap", "metadata.name", true, true],
    ["v1", "Secret", 'data["client_key.pem"]', true, false],
    ["v1", "Secret", "type", true, true],
    ["apps/v1", "StatefulSet", "spec.template.spec.containers[0].image", false, false],
    ["apps/v1", "StatefulSet", "spec.serviceName", true, true],
  ])("a change of %s %s at %s replaces: %p by default, %p when told that it may change", (...row) => {
    const [apiVersion, kind, path, byDefault, whenMutable] = row;

    expect(isReplacedFor(apiVersion, kind, path, immutable)).toBe(byDefault);
    expect(isReplacedFor(apiVersion, kind, path, mutable)).toBe(whenMutable);
  });
});
