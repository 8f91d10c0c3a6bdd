import path from "node:path";

import * as grpc from "@grpc/grpc-js";
import * as analyzerGrpc from "@pulumi/pulumi/proto/analyzer_grpc_pb.js";
import * as analyzerPb from "@pulumi/pulumi/proto/analyzer_pb.js";
import { Empty } from "google-protobuf/google/protobuf/empty_pb.js";
import { Struct } from "google-protobuf/google/protobuf/struct_pb.js";

import { buildPolicyPack } from "../../build/policy-pack.ts";
import { rules } from "../../policy/rules.ts";
import { startProcess, stopProcesses } from "../support/started-process.ts";
import { createTemporaryFolder, removeTemporaryFolders } from "../support/temporary-folder.ts";
import { link } from "./package-scene.ts";
import type { Inputs } from "./plugin-host.ts";

const runPolicyPack = path.join(import.meta.dirname, "../../node_modules/@pulumi/pulumi/cmd/run-policy-pack");

let client: grpc.Client;

beforeAll(async () => {
  const folder = createTemporaryFolder("policy-pack");
  await buildPolicyPack(folder);
  link(path.join(folder, "node_modules"), "@pulumi/policy");
  const server = startProcess(process.execPath, [runPolicyPack, "127.0.0.1:1", folder], { cwd: folder });
  const port = await server.untilLine((line) => /^\d+$/.test(line));
  client = new analyzerGrpc.AnalyzerClient(`127.0.0.1:${port}`, grpc.credentials.createInsecure());
});

afterAll(async () => {
  client.close();
  await stopProcesses();
  removeTemporaryFolders();
});

function call<Response>(method: string, request: object): Promise<Response> {
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

/** Asks about a resource as the engine does before it creates it. */
async function analyze(
  type: string,
  properties: Inputs,
  stack = "dev",
): Promise<analyzerPb.AnalyzeDiagnostic.AsObject[]> {
  const request = new analyzerPb.AnalyzeRequest();
  request.setType(type);
  request.setName("resource");
  request.setUrn(`urn:pulumi:${stack}::plant::${type}::resource`);
  request.setProperties(Struct.fromJavaScript(properties));
  request.setOptions(new analyzerPb.AnalyzerResourceOptions());
  const response = await call<analyzerPb.AnalyzeResponse>("analyze", request);
  return response.toObject().diagnosticsList;
}

test("the built pack serves every rule, with what a team can set", async () => {
  const info = (await call<analyzerPb.AnalyzerInfo>("getAnalyzerInfo", new Empty())).toObject();

  expect(info.name).toBe("mqtt-dataflow");
  expect(info.policiesList.map(({ name }) => name)).toEqual(rules.map(({ name }) => name));
  expect(info.policiesList.find(({ name }) => name === "restricted-pods")?.configschema).toMatchObject({
    properties: expect.anything(),
  });
});

test("a violation names the rule and says what to do, and blocks the deployment", async () => {
  const violations = await analyze("azure-native:eventgrid:Namespace", {
    minimumTlsVersionAllowed: "1.0",
    topicSpacesConfiguration: { state: "Enabled", maximumClientSessionsPerAuthenticationName: 5 },
  });

  expect(violations).toEqual([
    expect.objectContaining({
      policyname: "event-grid-tls-version",
      policypackname: "mqtt-dataflow",
      enforcementlevel: analyzerPb.EnforcementLevel.MANDATORY,
      message: expect.stringContaining('minimumTlsVersionAllowed: is "1.0"; set it to "1.2"'),
    }),
  ]);
});

test("a value that only the deployment tells is no violation", async () => {
  const unknown = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

  const notes = await analyze("azure-native:eventgrid:Namespace", {
    minimumTlsVersionAllowed: unknown,
    topicSpacesConfiguration: { state: "Enabled", maximumClientSessionsPerAuthenticationName: 5 },
  });

  expect(notes).toHaveLength(1);
  expect(notes[0]).toMatchObject({
    policyname: "event-grid-tls-version",
    enforcementlevel: analyzerPb.EnforcementLevel.ADVISORY,
    message: expect.stringContaining("can't run policy"),
  });
});

test("what a team sets takes the place of the default", async () => {
  const config = new analyzerPb.PolicyConfig();
  config.setEnforcementlevel(analyzerPb.EnforcementLevel.ADVISORY);
  config.setProperties(Struct.fromJavaScript({ productionStacks: ["line-*"] }));
  const request = new analyzerPb.ConfigureAnalyzerRequest();
  request.getPolicyconfigMap().set("topic-space-wildcard", config);
  await call("configure", request);

  expect(await analyze("azure-native:eventgrid:TopicSpace", { topicTemplates: ["#"] }, "prod")).toEqual([]);
  expect(await analyze("azure-native:eventgrid:TopicSpace", { topicTemplates: ["#"] }, "line-4")).toEqual([
    expect.objectContaining({
      policyname: "topic-space-wildcard",
      enforcementlevel: analyzerPb.EnforcementLevel.ADVISORY,
    }),
  ]);
});
