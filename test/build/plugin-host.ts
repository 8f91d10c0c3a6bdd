import path from "node:path";

import * as grpc from "@grpc/grpc-js";
import providerGrpc from "@pulumi/pulumi/proto/provider_grpc_pb.js";
import providerPb from "@pulumi/pulumi/proto/provider_pb.js";
import structPb from "google-protobuf/google/protobuf/struct_pb.js";
import type { JavaScriptValue } from "google-protobuf/google/protobuf/struct_pb.js";

import { startProcess } from "../support/started-process.ts";
import type { StartedProcess } from "../support/started-process.ts";

/** A plugin that runs as Pulumi's language host for Node.js runs it. */
export interface RunningPlugin {
  readonly process: StartedProcess;
  schema(): Promise<string>;
  /**
   * Asks for a component during a preview or an update; rejects with gRPC's error.
   * @param engine address of the program's engine; omitted: that which the plugin was started with
   */
  construct(type: string, name: string, inputs: Inputs, preview?: boolean, engine?: string): Promise<Constructed>;
  close(): void;
}

export interface Inputs {
  [key: string]: JavaScriptValue;
}

export interface Constructed {
  readonly urn: string;
  readonly state: Inputs;
}

/** Where Pulumi's host looks for what it starts a plugin with, from the plugin's folder. */
const runPlugin = "node_modules/@pulumi/pulumi/cmd/run-plugin";

/** Starts the plugin in a folder, and talks to it on the port that it prints. */
export async function startPlugin(folder: string, engineAddress: string): Promise<RunningPlugin> {
  const started = startProcess(process.execPath, [path.join(folder, runPlugin), folder, engineAddress]);
  const port = await started.untilLine((line) => /^\d+$/.test(line));
  const client = new providerGrpc.ResourceProviderClient(`127.0.0.1:${port}`, grpc.credentials.createInsecure());
  return {
    process: started,
    schema: () =>
      call<providerPb.GetSchemaResponse>(client, "getSchema", new providerPb.GetSchemaRequest()).then((response) =>
        response.getSchema(),
      ),
    construct: async (type, name, inputs, preview = false, engine = engineAddress) => {
      const request = new providerPb.ConstructRequest();
      request.setProject("project");
      request.setStack("stack");
      request.setDryrun(preview);
      request.setParallel(4);
      request.setMonitorendpoint(engine);
      request.setType(type);
      request.setName(name);
      request.setInputs(structPb.Struct.fromJavaScript(inputs));
      const response = await call<providerPb.ConstructResponse>(client, "construct", request);
      return { urn: response.getUrn(), state: response.getState()?.toJavaScript() ?? {} };
    },
    close: () => {
      client.close();
    },
  };
}

function call<Response>(client: grpc.Client, method: "getSchema" | "construct", request: object): Promise<Response> {
  const methods = client as unknown as {
    [name: string]: (request: object, callback: (error: grpc.ServiceError | null, response: Response) => void) => void;
  };
  return new Promise((resolve, reject) => {
    methods[method]!.call(client, request, (error, response) => {
      if (error) reject(error);
      else resolve(response);
    });
  });
}
