import * as pulumi from "@pulumi/pulumi";

/** A resource as the engine was asked for it. */
export interface Registered {
  readonly type: string;
  readonly name: string;
  readonly inputs: Record<string, unknown>;
  /** Name of the explicit provider; empty where the type's default one is used. */
  readonly provider: string;
}

/** What a program registered. */
export interface Deployed<T> {
  readonly result: T;
  /** Resources with a provider, in the order of their names; components are only in `urns`. */
  readonly resources: readonly Registered[];
  /** URNs without what stands before the first type: they show the parents. */
  readonly urns: readonly string[];
}

export const mqttHostname = "oslo.westeurope-1.ts.eventgrid.azure.net";
const subscription = "/subscriptions/00000000-0000-0000-0000-00000000000f";
/** Custom location of an AIO instance. */
export const customLocationId = `${subscription}/resourceGroups/rg/providers/Microsoft.ExtendedLocation/customLocations/oslo`;

/** What Azure answers to invokes, by token; any other invoke fails the test. */
export interface Invokes {
  readonly [token: string]: (args: Record<string, unknown>) => object;
}

/** What a program is run as, and what it may ask Azure. */
interface DeployOptions {
  readonly preview?: boolean;
  readonly project?: string;
  readonly stack?: string;
  readonly invokes?: Invokes;
}

/** Runs a program against mocks that answer as Azure and Kubernetes do, and waits until everything is registered. */
export async function deploy<T>(
  program: () => T,
  { preview = false, project = "project", stack = "stack", invokes = {} }: DeployOptions = {},
): Promise<Deployed<T>> {
  const resources: Registered[] = [];
  await pulumi.runtime.setMocks(
    {
      newResource: ({ type, name, inputs, custom, provider = "" }) => {
        const explicit = /::([^:]+)::[^:]*$/.exec(provider)?.[1] ?? "";
        // The engine answers a component with no properties, whatever it was given. @see Pulumi, source_eval.go
        if (custom !== true) return { id: "", state: {} };
        resources.push({ type, name, inputs: inputs as Record<string, unknown>, provider: explicit });
        return answer(type, name, inputs as Record<string, unknown>, preview);
      },
      call: ({ token, inputs }) => {
        const invoke = invokes[token];
        if (invoke !== undefined) return invoke(inputs as Record<string, unknown>);
        throw new Error(`unexpected invoke of ${token}`);
      },
    },
    project,
    stack,
    preview,
  );
  const monitor = pulumi.runtime.getMonitor() as unknown as { getRegisteredResources(): Map<string, unknown> };

  const result = await settled(program);

  const urns = [...monitor.getRegisteredResources().keys()].map((urn) =>
    urn.replace(`urn:pulumi:${stack}::${project}::`, ""),
  );
  return { result, resources: resources.sort((a, b) => (`${a.type}${a.name}` < `${b.type}${b.name}` ? -1 : 1)), urns };
}

/** Runs a program and waits for all that it registers, be it that it or a registration fails: the next test has other mocks. */
async function settled<T>(program: () => T): Promise<T> {
  try {
    return program();
  } finally {
    await pulumi.runtime.disconnect().catch(() => undefined);
  }
}

function answer(type: string, name: string, inputs: Record<string, unknown>, preview: boolean) {
  const id = `${subscription}/resourceGroups/rg/providers/${type.split(":").slice(0, 2).join("/")}/${name}`;
  if (type === "pulumi:pulumi:StackReference") {
    const secretOutputNames = Object.keys(stackOutputs).filter((key) => pulumi.Output.isInstance(stackOutputs[key]));
    return { id: name, state: { ...inputs, outputs: stackOutputs, secretOutputNames } };
  }
  if (type.startsWith("kubernetes:")) {
    const metadata = inputs["metadata"] as { name?: string } | undefined;
    return { id, state: { ...inputs, metadata: { ...metadata, name: metadata?.name ?? `${name}-0a1b2c3d` } } };
  }
  if (type === "azure-native:resources:Resource")
    return { id, state: { ...inputs, ...genericAnswer(inputs, preview), name } };
  if (type !== "azure-native:eventgrid:Namespace") return { id, state: { ...inputs, name } };
  const { topicSpacesConfiguration, ...known } = inputs;
  // A preview does not know what only Azure tells.
  const computed = preview
    ? {}
    : { topicSpacesConfiguration: { ...(topicSpacesConfiguration as object), hostname: mqttHostname } };
  return { id, state: { ...known, ...computed, name } };
}

/** A generic resource has no schema: a preview of it shows its inputs as if Azure added nothing to them. */
function genericAnswer(inputs: Record<string, unknown>, preview: boolean) {
  const properties = inputs["properties"] as { topicSpacesConfiguration?: object };
  const { topicSpacesConfiguration: configuration } = properties;
  if (preview) return { properties };
  return { properties: { ...properties, topicSpacesConfiguration: { ...configuration, hostname: mqttHostname } } };
}

const stackOutputs: Record<string, unknown> = {};

/** Sets what stack references answer until it is called again; what is an output is a secret of that stack. */
export function setStackOutputs(outputs: Record<string, unknown>): void {
  for (const key of Object.keys(stackOutputs)) Reflect.deleteProperty(stackOutputs, key);
  Object.assign(stackOutputs, outputs);
}

/** The value of an output. */
export function valueOf<T>(output: pulumi.Output<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    (output as unknown as { promise(): Promise<T> }).promise().then(resolve, reject);
  });
}

/** The only resource of a type. */
export function only({ resources }: Deployed<unknown>, type: string): Registered {
  const found = resources.filter((resource) => resource.type === type);
  if (found.length !== 1 || found[0] === undefined) throw new Error(`${found.length} resources of type ${type}`);
  return found[0];
}

/** Types and names of what has a provider. */
export function inventory({ resources }: Deployed<unknown>): string[] {
  return resources.map(({ type, name }) => `${type} ${name}`);
}

/** Gives the resource IDs of the mocks the form of Azure's. */
export function asAzureNames<T extends object>(inputs: T): T {
  const topicSpaces = "providers/Microsoft.EventGrid/namespaces/oslo/topicSpaces/";
  return JSON.parse(JSON.stringify(inputs).replaceAll("providers/azure-native/eventgrid/", topicSpaces)) as T;
}
