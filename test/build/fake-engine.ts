import * as grpc from "@grpc/grpc-js";
import engineGrpc from "@pulumi/pulumi/proto/engine_grpc_pb.js";
import enginePb from "@pulumi/pulumi/proto/engine_pb.js";
import resourceGrpc from "@pulumi/pulumi/proto/resource_grpc_pb.js";
import resourcePb from "@pulumi/pulumi/proto/resource_pb.js";
import emptyPb from "google-protobuf/google/protobuf/empty_pb.js";
import structPb from "google-protobuf/google/protobuf/struct_pb.js";
import type { JavaScriptValue } from "google-protobuf/google/protobuf/struct_pb.js";

interface Properties {
  [key: string]: JavaScriptValue;
}

/** A resource as the plugin asks for it. */
export interface RequestedResource {
  readonly type: string;
  readonly inputs: Properties;
}

/** The two services that a plugin talks to while it constructs a component: the resource monitor and the log. */
export interface FakeEngine {
  readonly address: string;
  /** What was registered, in that order. */
  readonly requested: RequestedResource[];
  /** What was logged for users to see. */
  readonly logged: string[];
  close(): void;
}

/** Starts an engine on loopback that gives every resource what Azure and Kubernetes would. */
export async function startFakeEngine(): Promise<FakeEngine> {
  const requested: RequestedResource[] = [];
  const logged: string[] = [];
  const server = new grpc.Server();
  server.addService(resourceGrpc.ResourceMonitorService, monitor(requested));
  server.addService(engineGrpc.EngineService, {
    log: unary((request: enginePb.LogRequest) => {
      if (request.getSeverity() !== enginePb.LogSeverity.DEBUG) logged.push(request.getMessage());
      return new emptyPb.Empty();
    }),
  });
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, bound) => {
      if (error) reject(error);
      else resolve(bound);
    });
  });
  return {
    address: `127.0.0.1:${port}`,
    requested,
    logged,
    close: () => {
      server.forceShutdown();
    },
  };
}

function monitor(requested: RequestedResource[]): grpc.UntypedServiceImplementation {
  return {
    supportsFeature: unary((request: resourcePb.SupportsFeatureRequest) => {
      const response = new resourcePb.SupportsFeatureResponse();
      response.setHassupport(
        ["secrets", "resourceReferences", "outputValues", "resourceHooks"].includes(request.getId()),
      );
      return response;
    }),
    registerResource: unary((request: resourcePb.RegisterResourceRequest) => {
      const inputs = request.getObject()?.toJavaScript() ?? {};
      requested.push({ type: request.getType(), inputs });
      const response = new resourcePb.RegisterResourceResponse();
      response.setUrn(`urn:pulumi:stack::project::${request.getType()}::${request.getName()}`);
      response.setId(`/subscriptions/00000000-0000-0000-0000-00000000000f/${request.getName()}`);
      response.setObject(structPb.Struct.fromJavaScript(answer(request.getType(), request.getName(), inputs)));
      return response;
    }),
    registerResourceOutputs: unary(() => new emptyPb.Empty()),
    // It changes nothing, so there is nothing to call one for.
    registerResourceHook: unary(() => new emptyPb.Empty()),
  };
}

function answer(type: string, name: string, inputs: Properties): Properties {
  if (type === "azure-native:eventgrid:Namespace") {
    const topicSpacesConfiguration = { hostname: "oslo.westeurope-1.ts.eventgrid.azure.net" };
    return { ...inputs, name, topicSpacesConfiguration };
  }
  return type.startsWith("kubernetes:") ? { ...inputs, metadata: { name } } : { ...inputs, name };
}

/** A call with one request and one answer. */
function unary<Request, Response>(handle: (request: Request) => Response) {
  return (call: { readonly request: Request }, callback: (error: null, response: Response) => void) => {
    callback(null, handle(call.request));
  };
}
