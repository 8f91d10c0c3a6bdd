import path from "node:path";

import { runCommandLine } from "../support/command-line.ts";

/** Checks a file or a folder of `documents/` as the command line does, from within that folder. */
async function check(
  name: string,
  options: readonly string[],
): Promise<{ verdict: "runs" | "refused"; lines: string[] }> {
  const folder = path.join(import.meta.dirname, "documents");
  const { code, output } = await runCommandLine(["check", path.join(folder, name), ...options]);
  const lines = output.replaceAll(`${folder}/`, "").trimEnd().split("\n");
  if (code !== 0) {
    expect(lines[0]).toMatch(/^\S+ has \d+ problems?:$/);
    return { verdict: "refused", lines: lines.slice(1).map((line) => line.trim()) };
  }
  expect(lines.at(-1)).toBe(`${name} is a configuration that the relay runs`);
  return { verdict: "runs", lines: lines.slice(0, -1) };
}

/** Said where dataflows use AIO's own default endpoint, and the file doesn't have it. */
function assumed(place: string): string {
  return `note: the endpoint "default" is not here; it is taken as AIO makes it: aio-broker:18883 with a service account token (${place})`;
}

/** Files in the forms that people have, each with its verdict and all that `check` says of it. */
const files: readonly (readonly [name: string, options: string[], verdict: "runs" | "refused", lines: string[]])[] = [
  [
    "az-dataflow-show.json",
    [],
    "runs",
    ["doors: default doors/+ -> default alarms/doors", assumed("az-dataflow-show.json:8:3")],
  ],
  [
    "az-endpoint-list.json",
    [],
    "refused",
    ["document: holds no dataflow that a relay can run; give one that passes messages on between MQTT endpoints"],
  ],
  ["az-rest-page.json", [], "runs", ["doors: default doors/+ -> default alarms", assumed("az-rest-page.json:7:7")]],
  [
    "az-site",
    [],
    "runs",
    [
      "doors (disabled): default $shared/doors/doors/+ -> default alarms",
      'skipped: endpoint "lake" is of type "DataLakeStorage", not Mqtt (az-site/endpoints.json:29:5)',
      'skipped: dataflow "history" uses the endpoint "lake", which is not Mqtt (az-site/flows.json:24:5)',
    ],
  ],
  [
    "az-site",
    ["--profile", "alarms"],
    "refused",
    ['--profile: names the profile "alarms", which has no MQTT dataflow here; use one of "default"'],
  ],
  [
    "circle.yaml",
    [],
    "refused",
    ["circle.yaml:2:9: document: has an alias that names nothing before it; write out what is meant"],
  ],
  [
    "comma.json",
    [],
    "refused",
    ["comma.json:4:1: document: is not JSON (Expected double-quoted property name); correct it there"],
  ],
  [
    "doors.json",
    [],
    "runs",
    [
      "doors: default doors/+ -> default alarms",
      'note: the Dataflow has no name here; it is called "doors", as its file is (doors.json:1:1)',
      assumed("doors.json:1:1"),
    ],
  ],
  ["empty.yaml", [], "refused", ["document: holds nothing; give a configuration"]],
  [
    "endpoint-alone.json",
    [],
    "refused",
    ["document: holds no dataflow that a relay can run; give one that passes messages on between MQTT endpoints"],
  ],
  [
    "event-grid-bridge.yaml",
    [],
    "runs",
    [
      "up: default site/up/# -> event-grid ${inputTopic}",
      "down: event-grid site/down/# -> default ${inputTopic}",
      assumed("event-grid-bridge.yaml:22:1"),
      'note: the Dataflow "up" has a name that Azure takes from 3 characters on; the relay takes it, a declaration of MqttBridge does not (event-grid-bridge.yaml:21:13)',
    ],
  ],
  [
    "folder",
    [],
    "runs",
    [
      "upward: default a/+ -> plant b",
      "doors: default doors/+ -> default alarms",
      'skipped: a document of this folder is nothing that holds dataflows (its fields are "resources") (folder/kustomization.yaml:1:1)',
      'note: the Dataflow has no name here; it is called "doors", as its file is (folder/doors.json:1:1)',
      assumed("folder/2-flows.yml:4:1"),
    ],
  ],
  [
    "folder-broken",
    [],
    "refused",
    [
      "folder-broken/comma.json:4:1: document: is not JSON (Expected double-quoted property name); correct it there",
      "folder-broken/indent.yaml:4:1: document: is not YAML (the indentation does not fit the lines before, or a bracket is missing); correct it there",
    ],
  ],
  [
    "folder-own",
    [],
    "runs",
    [
      "upward: edge a/+ -> edge b",
      'skipped: a document of this folder is nothing that holds dataflows (its fields are "name", "version") (folder-own/chart.json:1:1)',
    ],
  ],
  ["folder-without", [], "refused", ["folder: holds no file that ends with .json, .yaml or .yml; give another folder"]],
  [
    "graph.json",
    [],
    "refused",
    [
      "document: holds no dataflow that a relay can run; give one that passes messages on between MQTT endpoints",
      "graph.json:1:1: skipped: the data flow graph \"graph\" is run by AIO's own engine only; change it, or leave it to AIO's own engine",
    ],
  ],
  [
    "helm-values.yaml",
    [],
    "refused",
    [
      'helm-values.yaml:1:1: document: is nothing that holds dataflows (its fields are "image", "replicaCount"); give a configuration of the relay, resources of Azure IoT Operations as kubectl or az print them, or a template with them',
    ],
  ],
  [
    "indent.yaml",
    [],
    "refused",
    [
      "indent.yaml:4:1: document: is not YAML (the indentation does not fit the lines before, or a bracket is missing); correct it there",
    ],
  ],
  [
    "kubernetes-asset.yaml",
    [],
    "runs",
    [
      "from-asset: default azure-iot-operations/data/press-7 -> default press",
      assumed("kubernetes-asset.yaml:4:1"),
      'note: the dataflow "from-asset" has an operation with a long name, which is left out (kubernetes-asset.yaml:7:7)',
      'note: the dataflow "from-asset" has assetRef at its source, which changes nothing for messages (kubernetes-asset.yaml:10:9)',
      'note: the dataflow "from-asset" has schemaRef at its source, which changes nothing for messages (kubernetes-asset.yaml:11:9)',
    ],
  ],
  [
    "kubernetes-cluster.yaml",
    [],
    "runs",
    [
      "upward: default a/+ -> default b",
      assumed("kubernetes-cluster.yaml:17:1"),
      "note: a resource of the kind Namespace, which no relay reads (kubernetes-cluster.yaml:1:1)",
      "note: 2 resources of the kind Secret, which no relay reads (kubernetes-cluster.yaml:5:1)",
    ],
  ],
  [
    "kubernetes-filter.yaml",
    [],
    "runs",
    [
      "all-of-it: default oven/+ -> default all/${inputTopic}",
      'skipped: dataflow "hot-only": operations[1].builtInTransformationSettings.filter asks the relay to filter messages, which only AIO\'s own engine can (kubernetes-filter.yaml:10:9)',
      assumed("kubernetes-filter.yaml:19:1"),
    ],
  ],
  [
    "kubernetes-filter.yaml",
    ["--dataflow", "hot-only"],
    "refused",
    [
      "kubernetes-filter.yaml:10:9: --dataflow: asks for what can't be run: dataflow \"hot-only\": operations[1].builtInTransformationSettings.filter asks the relay to filter messages, which only AIO's own engine can; choose another, or change it",
    ],
  ],
  [
    "kubernetes-filter.yaml",
    ["--dataflow", "all-of"],
    "refused",
    ['--dataflow: names the dataflow "all-of", which does not exist; did you mean "all-of-it"?'],
  ],
  [
    "kubernetes-filter.yaml",
    ["--dataflow", "all-of-it"],
    "runs",
    ["all-of-it: default oven/+ -> default all/${inputTopic}", assumed("kubernetes-filter.yaml:19:1")],
  ],
  [
    "kubernetes-graph-alone.yaml",
    [],
    "refused",
    [
      "document: holds no dataflow that a relay can run; give one that passes messages on between MQTT endpoints",
      "kubernetes-graph-alone.yaml:1:1: skipped: the data flow graph \"by-module\" is run by AIO's own engine only; change it, or leave it to AIO's own engine",
    ],
  ],
  [
    "kubernetes-graph.yaml",
    [],
    "runs",
    [
      "beside-it: default a/+ -> default c",
      'skipped: the data flow graph "by-module" is run by AIO\'s own engine only (kubernetes-graph.yaml:6:1)',
      assumed("kubernetes-graph.yaml:24:1"),
      "note: a resource of the kind RegistryEndpoint, which no relay reads (kubernetes-graph.yaml:1:1)",
    ],
  ],
  [
    "kubernetes-kafka.yaml",
    [],
    "refused",
    [
      "document: holds no dataflow that a relay can run; give one that passes messages on between MQTT endpoints",
      'kubernetes-kafka.yaml:4:1: skipped: endpoint "event-hubs" is of type "Kafka", not Mqtt; change it, or leave it to AIO\'s own engine',
      'kubernetes-kafka.yaml:13:1: skipped: dataflow "history" uses the endpoint "event-hubs", which is not Mqtt; change it, or leave it to AIO\'s own engine',
    ],
  ],
  [
    "kubernetes-list.yaml",
    [],
    "runs",
    ["upward: plant line/# -> default hall/${inputTopic}", assumed("kubernetes-list.yaml:16:5")],
  ],
  [
    "kubernetes-many.yaml",
    [],
    "runs",
    [
      "upward: mq line/+/state -> plant hall/${inputTopic.2}",
      'note: the DataflowEndpoint "mq" has a name that Azure takes from 3 characters on; the relay takes it, a declaration of MqttBridge does not (kubernetes-many.yaml:5:3)',
    ],
  ],
  [
    "kubernetes-mistake.yaml",
    [],
    "refused",
    [
      'kubernetes-mistake.yaml:8:5: spec.mqttSettings.keepAlive: is not a known field; did you mean "keepAliveSeconds"?',
      'kubernetes-mistake.yaml:15:3: spec.mode: is "Paused"; give "Enabled" or "Disabled"',
    ],
  ],
  [
    "kubernetes-one.yaml",
    [],
    "runs",
    ["within-the-broker: default raw/+ -> default clean/${inputTopic.2}", assumed("kubernetes-one.yaml:5:1")],
  ],
  [
    "kubernetes-profile.yaml",
    [],
    "runs",
    [
      "upward: default a/+ -> default b",
      assumed("kubernetes-profile.yaml:19:1"),
      'note: the profile "quiet" has tolerations, which is for AIO\'s own pods and is ignored (kubernetes-profile.yaml:6:3)',
      'note: the profile "quiet" has diagnostics.traces, which is for AIO\'s own pods and is ignored (kubernetes-profile.yaml:14:5)',
      'note: the profile "quiet" has diagnostics.logs.opentelemetryExportConfig, which is for AIO\'s own pods and is ignored (kubernetes-profile.yaml:10:7)',
      'note: the profile "quiet" has diagnostics.metrics.opentelemetryExportConfig, which is for AIO\'s own pods and is ignored (kubernetes-profile.yaml:13:7)',
      'note: the profile "quiet" has the log level "off", which the relay has not; it logs at "error" (kubernetes-profile.yaml:9:7)',
    ],
  ],
  [
    "kubernetes-profiles.yaml",
    [],
    "refused",
    ['document: holds dataflows of the profiles "alarms", "bulk"; say with --profile which one this relay runs'],
  ],
  [
    "kubernetes-profiles.yaml",
    ["--profile", "bulk"],
    "runs",
    [
      "slow: default a/+ -> default b",
      'skipped: dataflow "quick" belongs to the profile "alarms" (kubernetes-profiles.yaml:15:1)',
      assumed("kubernetes-profiles.yaml:4:1"),
    ],
  ],
  [
    "kubernetes-profiles.yaml",
    ["--dataflow", "quick"],
    "runs",
    ["quick: default c/+ -> default d", assumed("kubernetes-profiles.yaml:15:1")],
  ],
  [
    "kubernetes-stages.yaml",
    [],
    "refused",
    [
      "document: holds no dataflow that a relay can run; give one that passes messages on between MQTT endpoints",
      "kubernetes-stages.yaml:10:9: skipped: dataflow \"enriched\": operations[1].builtInTransformationSettings.datasets asks the relay to enrich messages, which only AIO's own engine can; change it, or leave it to AIO's own engine",
      "kubernetes-stages.yaml:26:9: skipped: dataflow \"mapped\": operations[1].builtInTransformationSettings.map asks the relay to map messages, which only AIO's own engine can; change it, or leave it to AIO's own engine",
      'kubernetes-stages.yaml:41:40: skipped: dataflow "parquet": operations[1].builtInTransformationSettings.serializationFormat is "Parquet", which only AIO\'s own engine can read and write; change it, or leave it to AIO\'s own engine',
      "kubernetes-stages.yaml:56:9: skipped: dataflow \"with-headers\": operations[1].destinationSettings.headers is served by AIO's own engine only; change it, or leave it to AIO's own engine",
    ],
  ],
  [
    "kubernetes-unused-endpoint.yaml",
    [],
    "runs",
    [
      "upward: default a/+ -> default b",
      'skipped: endpoint "lab" is used by no dataflow, and can\'t be: mqttSettings.host is "<LAB…" (kubernetes-unused-endpoint.yaml:4:1)',
      assumed("kubernetes-unused-endpoint.yaml:13:1"),
    ],
  ],
  [
    "laughs.yaml",
    [],
    "refused",
    ["laughs.yaml:5:7: document: has more than 100000 values, with its aliases written out; write out what is meant"],
  ],
  [
    "other-api.yaml",
    [],
    "refused",
    [
      "document: holds no dataflow that a relay can run, and of other kinds only Dataflow (flows.example/v1); give one that passes messages on between MQTT endpoints",
    ],
  ],
  [
    "own-mistakes.yaml",
    [],
    "refused",
    [
      'own-mistakes.yaml:3:3: endpoints.mq: is no name for an endpoint ("mq"); name an endpoint with 3 to 63 lower-case letters, digits and "-", first and last no "-"',
      "own-mistakes.yaml:7:7: endpoints.mq.mqttSettings.qos: is 2; give 0 or 1",
      "own-mistakes.yaml:16:42: dataflows.upward.operations[1].builtInTransformationSettings.filter: asks the relay to filter messages, which only AIO's own engine can; remove it or run the dataflow there",
      'own-mistakes.yaml:11:5: dataflows.upward.requestDiskPersistance: is not a known field; did you mean "requestDiskPersistence"?',
    ],
  ],
  [
    "own.json",
    [],
    "refused",
    [
      'own.json:9:9: endpoints.edge.mqttSettings.sessionExpiry: is not a known field; did you mean "sessionExpirySeconds"?',
      'own.json:16:97: dataflows.upward.operations[0].sourceSettings.dataSources[0]: "a/#/b" has "#" before the last level; give a topic filter',
    ],
  ],
  [
    "own.yaml",
    [],
    "runs",
    [
      "upward: edge a/+ -> plant b",
      'note: the dataflow "upward" has assetRef at its source, which changes nothing for messages (own.yaml:14:66)',
    ],
  ],
  [
    "own.yaml",
    ["--dataflow", "upwards"],
    "refused",
    ['--dataflow: names the dataflow "upwards", which does not exist; did you mean "upward"?'],
  ],
  [
    "own.yaml",
    ["--dataflow", "upward"],
    "runs",
    [
      "upward: edge a/+ -> plant b",
      'note: the dataflow "upward" has assetRef at its source, which changes nothing for messages (own.yaml:14:66)',
    ],
  ],
  [
    "preview-2024.yaml",
    [],
    "runs",
    [
      "upward: mq a/+ -> mq b",
      'note: the profile "pool" has maxInstances, which is for AIO\'s own pods and is ignored (preview-2024.yaml:17:3)',
      'note: the profile "pool" has diagnostics.logFormat, which is for AIO\'s own pods and is ignored (preview-2024.yaml:18:18)',
      'note: the profile "pool" has diagnostics.logLevel, which is for AIO\'s own pods and is ignored (preview-2024.yaml:18:35)',
      'note: the DataflowEndpoint "mq" has a name that Azure takes from 3 characters on; the relay takes it, a declaration of MqttBridge does not (preview-2024.yaml:4:13)',
    ],
  ],
  [
    "request-body.json",
    [],
    "runs",
    [
      "request-body: default a/+ -> default b",
      'note: the Dataflow has no name here; it is called "request-body", as its file is (request-body.json:1:1)',
      assumed("request-body.json:3:3"),
    ],
  ],
  [
    "siteops.yaml",
    [],
    "runs",
    [
      "doors: default doors/+ -> hall alarms/doors",
      'skipped: endpoint "per-site" holds what only a deployment resolves: dataflowEndpoints[1].properties.mqttSettings.clientIdPrefix is "hall-{{ site.name }}" (siteops.yaml:15:9)',
      'skipped: dataflow "windows" uses the endpoint "per-site", which can\'t be read (siteops.yaml:31:5)',
      'skipped: dataflow "gates" holds what only a deployment resolves: dataflows[2].properties.operations[1].destinationSettings.dataDestination is "alarms/{{ site.labels.city }}" (siteops.yaml:44:53)',
      assumed("siteops.yaml:23:5"),
    ],
  ],
  [
    "tab.yaml",
    [],
    "refused",
    ["tab.yaml:3:1: document: is not YAML (a tab stands where blanks indent); correct it there"],
  ],
  [
    "template-modules.json",
    [],
    "runs",
    [
      "upward: default line/+ -> default hall",
      "skipped: Microsoft.IoTOperations/instances/dataflowProfiles/dataflows is made by a copy loop, which only a deployment runs (template-modules.json:57:13)",
      'skipped: the data flow graph "by-module" is run by AIO\'s own engine only (template-modules.json:64:13)',
      assumed("template-modules.json:39:19"),
    ],
  ],
  [
    "template-unknown-name.json",
    [],
    "refused",
    [
      "document: holds no dataflow that a relay can run; give one that passes messages on between MQTT endpoints",
      "template-unknown-name.json:9:7: skipped: the Dataflow has the name \"[concat('oslo/default/', parameters('name'))]\", which only a deployment resolves; change it, or leave it to AIO's own engine",
    ],
  ],
  [
    "template.json",
    [],
    "runs",
    [
      "to-plant: default line/+ -> plant oslo/${inputTopic}",
      "skipped: endpoint \"cloud\" holds what only a deployment resolves: resources[2].properties.mqttSettings.host is \"[concat(parameters('cloudHost'), ':8883')]\" (template.json:47:11)",
      'skipped: dataflow "to-cloud" uses the endpoint "cloud", which can\'t be read (template.json:79:7)',
      assumed("template.json:59:7"),
      "note: a resource of the kind Microsoft.EventGrid/namespaces, which no relay reads (template.json:17:5)",
    ],
  ],
  [
    "template.json",
    ["--dataflow", "to-cloud"],
    "refused",
    [
      'template.json:79:7: --dataflow: asks for what can\'t be run: dataflow "to-cloud" uses the endpoint "cloud", which can\'t be read; choose another, or change it',
    ],
  ],
  [
    "twice.json",
    [],
    "refused",
    ["twice.json:4:3: document: has a key twice in one object; keep one of them: programs differ in which they take"],
  ],
  [
    "twice.yaml",
    [],
    "refused",
    ["twice.yaml:7:3: document: has a key twice in one object; keep one of them: programs differ in which they take"],
  ],
];

test.each(files)("%s %j %s", async (name, options, verdict, lines) => {
  expect(await check(name, options)).toEqual({ verdict, lines });
});
