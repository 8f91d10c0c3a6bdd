import { writeFileSync } from "node:fs";
import path from "node:path";

import { checkPlan } from "../../components/bridge/check-plan.ts";
import { planBridge } from "../../components/bridge/plan.ts";
import { runCommandLine } from "../support/command-line.ts";
import { hostileLines, hostileText } from "../support/hostile-text.ts";
import { buildConfig, buildDataflow, plainEndpoint } from "../support/relay-config.ts";
import { createTemporaryFolder, removeTemporaryFolders } from "../support/temporary-folder.ts";

let file: string;

beforeAll(() => {
  file = path.join(createTemporaryFolder("check"), "relay.json");
});

afterAll(removeTemporaryFolders);

/** Checks a document and reads what is printed, without the folder that the file is in. */
async function check(document: unknown): Promise<{ code: number; lines: string[] }> {
  writeFileSync(file, typeof document === "string" ? document : JSON.stringify(document));
  const { code, output } = await runCommandLine(["check", file]);
  return { code, lines: output.replaceAll(path.dirname(file), "").trimEnd().split("\n") };
}

const endpoints = { edge: plainEndpoint(1883), plant: plainEndpoint(1884) };
const upward = buildDataflow(["edge", ["a/+", "b/#"]], ["plant", "site/${inputTopic}"]);

test("says of a good configuration what it does", async () => {
  const stopped = { ...upward, mode: "Disabled" as const };

  const { code, lines } = await check(buildConfig({ endpoints, dataflows: { upward, stopped } }));

  expect(lines.filter((line) => !line.startsWith("warning: "))).toEqual([
    "upward: edge a/+, b/# -> plant site/${inputTopic}",
    "stopped (disabled): edge a/+, b/# -> plant site/${inputTopic}",
    "/relay.json is a configuration that the relay runs",
  ]);
  expect(code).toBe(0);
});

test("says what may lose messages, and takes it", async () => {
  const plant = plainEndpoint(1884, { qos: 0 });

  const { code, lines } = await check(buildConfig({ endpoints: { ...endpoints, plant }, dataflows: { upward } }));

  expect(lines).toContainEqual(
    expect.stringMatching(/^warning: \/relay\.json:1:\d+: endpoints\.plant\.mqttSettings\.qos: is 0, /),
  );
  expect(code).toBe(0);
});

test("lists all that is wrong with a bad one, with the exit code of the relay", async () => {
  const dataflows = { upward: buildDataflow(["edge", ["a/#/b"]], ["nowhere", "x"]) };

  const { code, lines } = await check({ ...buildConfig({ endpoints, dataflows }), colour: "blue" });

  expect(lines[0]).toBe("/relay.json has 3 problems:");
  const paths = lines.slice(1).map((line) => line.split(": ")[1]);
  expect(new Set(paths)).toEqual(
    new Set([
      "colour",
      "dataflows.upward.operations[0].sourceSettings.dataSources[0]",
      "dataflows.upward.operations[1].destinationSettings.endpointRef",
    ]),
  );
  expect(code).toBe(2);
});

test("takes what kubectl exports of AIO's resources, and says what it skips", async () => {
  const resource = (kind: string, name: string, spec: object) => ({
    apiVersion: "connectivity.iotoperations.azure.com/v1",
    kind,
    metadata: { name, namespace: "azure-iot-operations", labels: { profile: "site" } },
    spec,
    status: { runtimeStatus: { level: "ok" } },
  });
  const { code, lines } = await check({
    apiVersion: "v1",
    kind: "List",
    items: [
      resource("DataflowProfile", "site", {}),
      resource("DataflowEndpoint", "edge", endpoints.edge),
      resource("DataflowEndpoint", "plant", endpoints.plant),
      resource("DataflowEndpoint", "lake", { endpointType: "DataLakeStorage", dataLakeStorageSettings: {} }),
      resource("Dataflow", "upward", { profileRef: "site", ...upward }),
    ],
  });

  expect(lines).toContain("upward: edge a/+, b/# -> plant site/${inputTopic}");
  expect(lines).toContainEqual(expect.stringMatching(/^skipped: .*lake/));
  expect(code).toBe(0);
});

test("says of a file that it can't read why, and what to give", async () => {
  const { code, output } = await runCommandLine(["check", "nosuch.json"]);

  expect(output).toMatch(/\n {2}file: can't be read \(ENOENT: .*\); give the path of a configuration\n$/);
  expect(code).toBe(2);
});

test("says of a file that is no JSON what is wrong with it", async () => {
  const { code, lines } = await check('{ "endpoints": ');

  expect(lines[0]).toBe("/relay.json has 1 problem:");
  expect(lines).toHaveLength(2);
  expect(code).toBe(2);
});

test("warns of filters that share topics, and of instances whose shared subscriptions the broker may forget", async () => {
  const twice = buildDataflow(["edge", ["a/+", "a/b"]], ["plant", "site/${inputTopic}"]);
  const profile = { instanceCount: 2 };

  const { code, lines } = await check({ ...buildConfig({ endpoints, dataflows: { twice } }), profile });

  const at = lines.filter((line) => line.startsWith("warning: ")).map((line) => line.split(": ")[2]);
  expect(at).toContain("dataflows.twice.operations[0].sourceSettings.dataSources[1]");
  expect(at).toContain("profile.instanceCount");
  expect(code).toBe(0);
});

test("warns, as a preview does, of a custom broker that gets a token for another one", async () => {
  const authentication = { method: "ServiceAccountToken" } as const;
  const plant = plainEndpoint(1884, { authentication, tls: { mode: "Enabled" } });

  const { code, lines } = await check(buildConfig({ endpoints: { ...endpoints, plant }, dataflows: { upward } }));

  expect(lines.map((line) => line.replace(/\/relay\.json:1:\d+: /, ""))).toContain(
    "warning: endpoints.plant.mqttSettings.authentication.serviceAccountTokenSettings.audience: is left out, so that this broker gets a token for AIO's own broker; give the one that this broker expects",
  );
  expect(code).toBe(0);
});

test("has every warning that a preview has of the same endpoints and dataflows", async () => {
  const id = "00000000-0000-0000-0000-0000000000c1";
  const cloudHost = "contoso.westeurope-1.ts.eventgrid.azure.net:8883";
  const filters = ["a/+", "a/b", "$share/g/c"];
  const spool = { mode: "Disabled" } as const;
  const { warnings } = checkPlan(
    planBridge("oslo", {
      site: "oslo",
      customEndpoints: { plant: { host: "plant.example:8883", authenticationMethod: "ServiceAccountToken" } },
      eventGridEndpoints: { cloud: { host: cloudHost } },
      identity: { clientId: id, tenantId: id },
      dataflows: {
        upward: { source: "plant", dataSources: filters, destination: "cloud", dataDestination: "up" },
        downward: { source: "cloud", dataSources: ["d"], destination: "plant", dataDestination: "down", spool },
      },
      relay: { image: "relay:1.0.0" },
    }),
  );
  const ids = { clientId: id, tenantId: id };
  const written = buildConfig({
    endpoints: {
      plant: {
        endpointType: "Mqtt",
        mqttSettings: { host: "plant.example:8883", authentication: { method: "ServiceAccountToken" } },
      },
      cloud: {
        endpointType: "Mqtt",
        mqttSettings: {
          host: cloudHost,
          authentication: { method: "UserAssignedManagedIdentity", userAssignedManagedIdentitySettings: ids },
          clientIdPrefix: "oslo-",
        },
      },
    },
    dataflows: {
      upward: buildDataflow(["plant", filters], ["cloud", "up"]),
      downward: buildDataflow(["cloud", ["d"]], ["plant", "down"], { relay: { spool } }),
    },
  });

  const { lines } = await check(written);

  const kinds = warnings.map(({ rule }) => rule).filter((rule) => rule !== "image");
  expect(new Set(kinds)).toEqual(
    new Set(["foreign-audience", "forgotten-shares", "overlapping-filters", "retain", "unremembered-filters"]),
  );
  const unsaid = warnings.filter(
    ({ rule, problem }) => rule !== "image" && !lines.join("\n").includes(`: ${problem}; `),
  );
  expect(unsaid).toEqual([]);
});

test("lists the first 50 problems and counts the rest", async () => {
  const unknown = Object.fromEntries(Array.from({ length: 8000 }, (_, index) => [`field-${index}`, 1]));

  const { code, lines } = await check({ ...buildConfig({ endpoints, dataflows: { upward } }), ...unknown });

  expect(lines[0]).toBe("/relay.json has 8000 problems:");
  expect(lines).toHaveLength(1 + 50 + 1);
  expect(lines.at(-1)).toBe("  and 7,950 more");
  expect(code).toBe(2);
});

test("lists the first 50 warnings and counts the rest", async () => {
  const { mqttSettings } = endpoints.plant;
  const plant = { ...endpoints.plant, mqttSettings: { ...mqttSettings, qos: 0 as const } };
  const dataflows = Object.fromEntries(Array.from({ length: 60 }, (_, index) => [`upward-${index}`, upward]));

  const { lines } = await check(buildConfig({ endpoints: { ...endpoints, plant }, dataflows }));

  expect(lines.filter((line) => line.startsWith("warning: "))).toHaveLength(50 + 1);
  expect(lines.at(-2)).toBe("warning: and 10 more");
});
const taken = buildDataflow(["edge", [`a/${hostileText.replace("\u0000", "")}`]], ["plant", "site/${inputTopic}"]);
const named = (name: string) => buildConfig({ endpoints, dataflows: { [name]: upward } });

test.each<[what: string, document: unknown]>([
  ["a topic filter", buildConfig({ endpoints, dataflows: { upward: taken } })],
  ["an unknown key", { ...buildConfig({ endpoints, dataflows: { upward } }), [hostileText]: 1 }],
  ["a name", named(hostileText)],
  [
    "a host",
    buildConfig({ endpoints: { ...endpoints, edge: plainEndpoint(1, { host: hostileText }) }, dataflows: { upward } }),
  ],
  [
    "a topic",
    buildConfig({ endpoints, dataflows: { upward: buildDataflow(["edge", ["a"]], ["plant", hostileText]) } }),
  ],
  [
    "an endpoint",
    buildConfig({ endpoints, dataflows: { upward: buildDataflow([hostileText, ["a"]], ["plant", "b"]) } }),
  ],
  ["a text that is no JSON", `{ "a": ${hostileText}`],
  ["a kind of AIO's resources", { kind: hostileText }],
])("writes what stands in %s so that it neither forges a line nor steers a terminal", async (_what, document) => {
  const { lines } = await check(document);

  expect(lines.length).toBeGreaterThan(0);
  expect(hostileLines(lines.join("\n"))).toEqual([]);
});

test("writes the name of a file that is not there without its controls", async () => {
  const { output } = await runCommandLine(["check", `nosuch${hostileText}.json`]);

  expect(hostileLines(output.trimEnd())).toEqual([]);
});

const withSecret = [
  "mqtts://plant:hunter2@broker.example:8883",
  "plant:hunter2@broker.example:8883",
  "http://plant:a/hunter2@proxy.example:3128",
  "http://plant:a?hunter2@proxy.example:3128",
  "http://plant:a@hunter2@proxy.example:3128",
  "http://plant:a hunter2@proxy.example:x",
  "http:/plant:hunter2@proxy.example",
  "https://proxy.example:443/?sig=hunter2",
  "https://proxy.example:443/#hunter2",
  "HostName=broker.example;SharedAccessKey=hunter2",
];
const onHost = (host: string, more = {}) => ({
  endpoints: { ...endpoints, edge: { ...plainEndpoint(1, { host }), ...more } },
});
const fields: readonly (readonly [field: string, build: (value: string) => object])[] = [
  ["host", (host) => onHost(host)],
  ["host of another type", (host) => onHost(`${host}.eventgrid.azure.net:8883`, { hostType: "CustomMqtt" })],
  ["proxy of the relay", (url) => ({ endpoints, relay: { proxy: { url } } })],
  ["proxy of an endpoint", (url) => onHost("broker.example:1883", { relay: { proxy: { url } } })],
  ["list where a host belongs", (host) => onHost([host] as unknown as string)],
];

test.each(fields.flatMap(([field, build]) => withSecret.map((value) => [field, value, build] as const)))(
  "refuses as the %s %s, and says nothing of the secret in it",
  async (field, value, build) => {
    const { code, lines } = await check({ dataflows: { upward }, ...build(value) });

    expect(code).toBe(2);
    expect(lines.join("\n")).toMatch(/host|url/);
    // What is no URL at all could be any text, and a field of another kind can't tell.
    if (!field.startsWith("list")) expect(lines.join("\n")).not.toMatch(/hunter2|plant/);
  },
);

test("judges several files, each by itself, and refuses where one is refused", async () => {
  writeFileSync(file, JSON.stringify(buildConfig({ endpoints, dataflows: { upward } })));

  const { code, output } = await runCommandLine(["check", file, "nosuch.json"]);

  expect(output).toContain(`${file} is a configuration that the relay runs`);
  expect(output).toContain("nosuch.json has 1 problem:");
  expect(code).toBe(2);
});

test("--json has the verdict of each file, with the places of its problems", async () => {
  writeFileSync(file, JSON.stringify({ ...buildConfig({ endpoints, dataflows: { upward } }), [hostileText]: 1 }));

  const { code, output } = await runCommandLine(["check", file, "--json"]);

  expect(JSON.parse(output)).toMatchObject({
    version: 1,
    files: [{ file, isRunnable: false, problems: [{ at: { file, line: 1 }, remedy: expect.any(String) }] }],
  });
  expect(hostileLines(output.trimEnd())).toEqual([]);
  expect(code).toBe(2);
});
