import { Server, ServerCredentials, status } from "@grpc/grpc-js";
import type { ServerUnaryCall, sendUnaryData, UntypedServiceImplementation } from "@grpc/grpc-js";
import empty from "google-protobuf/google/protobuf/empty_pb.js";
import plugin from "@pulumi/pulumi/proto/plugin_pb.js";
import services from "@pulumi/pulumi/proto/provider_grpc_pb.js";
import wire from "@pulumi/pulumi/proto/provider_pb.js";

import { describeError } from "../../../runtime/contract/errors.ts";
import { readValues, writeValues } from "./values.ts";
import type { Values } from "./values.ts";

/** The resource that an operation is about. */
export interface ResourceName {
  /** Type token, such as `azure-native:eventgrid:Namespace`. */
  readonly type: string;
  /** Name in the program. */
  readonly name: string;
}

export interface CheckFailure {
  readonly property: string;
  readonly reason: string;
}

export interface Difference {
  readonly path: string;
  readonly kind: "add" | "delete" | "update";
  readonly replaces: boolean;
  /** Whether to show the inputs, before and after; otherwise what the resource has is shown as what was before. */
  readonly isOfInputs: boolean;
}

/** What would have to change of a resource. */
export interface Differences {
  readonly differences: readonly Difference[];
  readonly deleteBeforeReplace: boolean;
  /** Whether to update it though nothing of it differs. */
  readonly hasChanges?: boolean;
}

/** A resource as its provider has it: what the program asked for, and what is there. */
export interface ResourceState {
  readonly id: string;
  readonly inputs: Values;
  readonly outputs: Values;
}

/** One provider as a program has configured it. Values carry the marks of secrets. */
export interface ConfiguredProvider {
  check(
    resource: ResourceName & { readonly randomSeed: Uint8Array },
    before: Values | undefined,
    inputs: Values,
  ): { readonly inputs: Values; readonly failures: readonly CheckFailure[] };
  diff(resource: ResourceName, before: ResourceState, inputs: Values): Differences;
  /** Creates the resource, or tells what would be known of it when `isPreview`. */
  create(resource: ResourceName, inputs: Values, isPreview: boolean): Promise<Omit<ResourceState, "inputs">>;
  update(resource: ResourceName, before: ResourceState, inputs: Values, isPreview: boolean): Promise<Values>;
  /** Reads what is there; `undefined` when it is gone. */
  read(resource: ResourceName, before: ResourceState): Promise<ResourceState | undefined>;
  delete(resource: ResourceName, before: ResourceState): Promise<void>;
  invoke(token: string, args: Values): Promise<Values>;
}

export interface ProviderPlugin {
  /** Name of the package, such as `kubernetes`. */
  readonly name: string;
  /** Whether values come with the marks of secrets, and whether the answers carry them. */
  readonly keepsSecrets: boolean;
  /** Version of the SDK that it belongs to. */
  readonly version: string;
  /** The package's schema as JSON, which programs in YAML are read with. */
  readonly schema?: string;
  /** What is wrong with the settings; nothing, where it is left out. */
  checkConfig?(settings: Values): readonly CheckFailure[];
  /** Tells whether changed settings lead to another place, so that everything has to be created there. */
  isElsewhere(before: Values, after: Values): boolean;
  configure(settings: Values): ConfiguredProvider;
}

/** A provider that the engine can attach to. */
export interface ServedProvider {
  /** What `PULUMI_DEBUG_PROVIDERS` has for it: `<package>:<port>`. */
  readonly attachment: string;
  stop(): void;
}

type Call<Q> = ServerUnaryCall<Q, unknown>;

/**
 * Serves a provider in Pulumi's protocol on loopback. The engine opens a connection for each provider that a program
 * has, explicit or default, where it would start a process; so the settings belong to the connection.
 */
export async function serveProvider(provider: ProviderPlugin): Promise<ServedProvider> {
  const server = new Server({ "grpc.max_receive_message_length": -1 });
  server.addService(services.ResourceProviderService, buildHandlers(provider));
  const port = await listen(server);
  return { attachment: `${provider.name}:${port}`, stop: () => server.forceShutdown() };
}

/** Listens on a free port of loopback. */
export function listen(server: Server): Promise<number> {
  return new Promise((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, port) => {
      if (error === null) resolve(port);
      else reject(error);
    });
  });
}

/** Makes a handler of a function: what it throws is the error that the engine shows. */
export function answer<Q, R>(handle: (request: Q, call: Call<Q>) => R | Promise<R>) {
  return (call: Call<Q>, respond: sendUnaryData<R>) => {
    Promise.resolve()
      .then(() => handle(call.request, call))
      .then(
        (response) => respond(null, response),
        (error: unknown) => respond({ code: status.UNKNOWN, details: describeError(error) }),
      );
  };
}

function buildHandlers(provider: ProviderPlugin): UntypedServiceImplementation {
  const configured = new Map<string, ConfiguredProvider>();
  const of = (call: Call<unknown>) => {
    const found = configured.get(call.getPeer());
    if (found === undefined) throw new Error(`${provider.name}: not configured`);
    return found;
  };
  return {
    handshake: answer(() =>
      new wire.ProviderHandshakeResponse().setAcceptSecrets(provider.keepsSecrets).setAcceptResources(false),
    ),
    attach: answer(() => new empty.Empty()),
    cancel: answer(() => new empty.Empty()),
    getPluginInfo: answer(() => new plugin.PluginInfo().setVersion(provider.version)),
    getSchema: answer(() => new wire.GetSchemaResponse().setSchema(provider.schema ?? "")),
    checkConfig: answer((request: wire.CheckRequest) => {
      const failures = provider.checkConfig?.(readValues(request.getNews())) ?? [];
      return new wire.CheckResponse().setInputs(request.getNews()).setFailuresList(failures.map(writeFailure));
    }),
    diffConfig: answer((request: wire.DiffRequest) => diffConfig(provider, request)),
    configure: answer((request: wire.ConfigureRequest, call) => {
      configured.set(call.getPeer(), provider.configure(readValues(request.getArgs())));
      return new wire.ConfigureResponse()
        .setAcceptsecrets(provider.keepsSecrets)
        .setSupportspreview(true)
        .setAcceptresources(false)
        .setAcceptoutputs(false);
    }),
    ...buildResourceHandlers(of),
  };
}

function diffConfig(provider: ProviderPlugin, request: wire.DiffRequest): wire.DiffResponse {
  const [before, after] = [readValues(request.getOldInputs() ?? request.getOlds()), readValues(request.getNews())];
  const names = new Set([...Object.keys(before), ...Object.keys(after)]);
  const changed = [...names].filter((name) => JSON.stringify(before[name]) !== JSON.stringify(after[name]));
  return new wire.DiffResponse()
    .setChanges(changed.length === 0 ? noChange : someChange)
    .setDiffsList(changed)
    .setReplacesList(provider.isElsewhere(before, after) ? changed : []);
}

const { DIFF_NONE: noChange, DIFF_SOME: someChange } = wire.DiffResponse.DiffChanges;

function buildResourceHandlers(of: (call: Call<unknown>) => ConfiguredProvider): UntypedServiceImplementation {
  return {
    check: answer((request: wire.CheckRequest, call) => {
      const before = request.getOlds() && readValues(request.getOlds());
      const resource = { ...resourceOf(request), randomSeed: request.getRandomseed_asU8() };
      const { inputs, failures } = of(call).check(resource, before, readValues(request.getNews()));
      return new wire.CheckResponse().setInputs(writeValues(inputs)).setFailuresList(failures.map(writeFailure));
    }),
    diff: answer((request: wire.DiffRequest, call) => {
      const before = stateOf(request.getId(), request.getOldInputs(), request.getOlds());
      return writeDiff(of(call).diff(resourceOf(request), before, readValues(request.getNews())));
    }),
    create: answer(async (request: wire.CreateRequest, call) => {
      const inputs = readValues(request.getProperties());
      const { id, outputs } = await of(call).create(resourceOf(request), inputs, request.getPreview());
      return new wire.CreateResponse().setId(id).setProperties(writeValues(outputs));
    }),
    update: answer(async (request: wire.UpdateRequest, call) => {
      const before = stateOf(request.getId(), request.getOldInputs(), request.getOlds());
      const inputs = readValues(request.getNews());
      const outputs = await of(call).update(resourceOf(request), before, inputs, request.getPreview());
      return new wire.UpdateResponse().setProperties(writeValues(outputs));
    }),
    read: answer(async (request: wire.ReadRequest, call) => {
      const before = stateOf(request.getId(), request.getInputs(), request.getProperties());
      const found = await of(call).read(resourceOf(request), before);
      if (found === undefined) return new wire.ReadResponse();
      return new wire.ReadResponse()
        .setId(found.id)
        .setInputs(writeValues(found.inputs))
        .setProperties(writeValues(found.outputs));
    }),
    delete: answer(async (request: wire.DeleteRequest, call) => {
      const before = stateOf(request.getId(), request.getOldInputs(), request.getProperties());
      await of(call).delete(resourceOf(request), before);
      return new empty.Empty();
    }),
    invoke: answer(async (request: wire.InvokeRequest, call) => {
      const result = await of(call).invoke(request.getTok(), readValues(request.getArgs()));
      return new wire.InvokeResponse().setReturn(writeValues(result));
    }),
  };
}

function resourceOf(request: { getName(): string; getType(): string }): ResourceName {
  return { type: request.getType(), name: request.getName() };
}

type Properties = Parameters<typeof readValues>[0];

function stateOf(id: string, inputs: Properties, outputs: Properties): ResourceState {
  return { id, inputs: readValues(inputs), outputs: readValues(outputs) };
}

const kinds = {
  add: { stays: wire.PropertyDiff.Kind.ADD, replaces: wire.PropertyDiff.Kind.ADD_REPLACE },
  delete: { stays: wire.PropertyDiff.Kind.DELETE, replaces: wire.PropertyDiff.Kind.DELETE_REPLACE },
  update: { stays: wire.PropertyDiff.Kind.UPDATE, replaces: wire.PropertyDiff.Kind.UPDATE_REPLACE },
};

function writeFailure({ property, reason }: CheckFailure): wire.CheckFailure {
  return new wire.CheckFailure().setProperty(property).setReason(reason);
}

function writeDiff({ differences, deleteBeforeReplace, hasChanges }: Differences): wire.DiffResponse {
  const response = new wire.DiffResponse()
    .setChanges(differences.length > 0 || hasChanges === true ? someChange : noChange)
    .setHasdetaileddiff(true)
    .setDeletebeforereplace(deleteBeforeReplace)
    .setDiffsList(differences.map(({ path }) => path))
    .setReplacesList(differences.filter(({ replaces }) => replaces).map(({ path }) => path));
  for (const { path, kind, replaces, isOfInputs } of differences) {
    const difference = new wire.PropertyDiff()
      .setKind(kinds[kind][replaces ? "replaces" : "stays"])
      .setInputdiff(isOfInputs);
    response.getDetaileddiffMap().set(path, difference);
  }
  return response;
}
