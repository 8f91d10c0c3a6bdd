import * as pulumi from "@pulumi/pulumi";

import { declare, type Declaration } from "../../../cli/import/declaration.ts";
import { Expression, type Declared } from "../../../cli/import/expression.ts";
import { importMosquitto } from "../../../cli/import/import-configuration.ts";
import { importBridges } from "../../../cli/import/import-bridges.ts";
import { checkPlan } from "../../../components/bridge/check-plan.ts";
import { planBridge } from "../../../components/bridge/plan.ts";
import type { MqttBridgeArgs } from "../../../components/bridge/settings.ts";
import { buildDataflow } from "../../../components/dataflow.ts";
import { parseRelayConfig, type RelayConfig } from "../../../runtime/contract/config.ts";
import { dataflowParts } from "../../../runtime/contract/config/dataflow.ts";
import { ConfigError } from "../../../runtime/contract/errors.ts";
import { sections } from "./sections.ts";

const options = { file: "mosquitto.conf", site: "oslo", levels: 2 };
const importLines = (...lines: string[]) => importMosquitto(lines.join("\n"), options);
const parse = (text: string): RelayConfig => parseRelayConfig(text, { where: "relay.json" }).config;

/** The arguments as they are once the settings of the stack are known. */
function known(value: Declared | Declaration): unknown {
  if (value instanceof Expression) return value.text.includes("relayImage") ? "relay:1" : pulumi.secret("of the stack");
  if (Array.isArray(value)) return value.map((item: Declared) => known(item));
  if (typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, known(inner)]));
}

describe.each(sections)("$about", ({ lines, dataflows, endpoints }) => {
  const { configuration, program, findings } = importLines(...lines);
  const config = parse(configuration);

  test("has the dataflows that move the messages of the bridge", () => {
    const found = Object.entries(config.dataflows).map(([name, flow]) => {
      const parts = dataflowParts(flow);
      const from = [parts?.source.endpointRef, parts?.source.dataSources];
      const to = [parts?.destination.endpointRef, parts?.destination.dataDestination];
      return [name, [...from, ...to, ...(flow.relay.maxHops === undefined ? [] : [flow.relay.maxHops])]];
    });

    expect(Object.fromEntries(found)).toEqual(dataflows);
  });

  test("has the endpoints with the settings of the connection", () => {
    const wanted = Object.entries(endpoints).map(([name, mqttSettings]) => [name, { mqttSettings }]);

    expect(config.endpoints).toMatchObject(Object.fromEntries(wanted));
  });

  test("is a program that previews without a problem, with the dataflows of the configuration", () => {
    const { secrets, trustBundles } = importBridges(lines.join("\n"), options);
    const args = known(declare(config, "oslo", { secrets, trustBundles })) as MqttBridgeArgs;
    const built = Object.entries(args.dataflows).map(([name, flow]) => [name, buildDataflow(flow)]);
    const again = parse(
      JSON.stringify({ endpoints: config.endpoints, dataflows: Object.fromEntries(built) as unknown }),
    );

    expect(checkPlan(planBridge("oslo", args)).problems).toEqual([]);
    expect(again.dataflows).toEqual(config.dataflows);
  });

  test("holds no secret anywhere", () => {
    expect(JSON.stringify([configuration, program, findings])).not.toContain("s3cret-7");
  });

  test("says of every option of a bridge what became of it", () => {
    const said = findings.map(({ line }) => line);
    const silent = lines.flatMap((line, index) =>
      /^(?:#|connection|listener|log_type|address|$)/.test(line) || said.includes(index + 1) ? [] : [line],
    );

    expect(silent).toEqual([]);
  });
});

test("names every mistake of the file at once, with its line", () => {
  const wrong = ["topic a", "connection x", "topic a sideways", 'topic "" out 0 a ""', "topic a+ in", "topic a out 7"];
  let caught: unknown;
  try {
    importLines(...wrong, "connection y", "address <host>");
  } catch (error) {
    caught = error;
  }

  if (!(caught instanceof ConfigError)) throw caught;
  expect(caught.problems.map(({ path, at }) => `${path} ${at?.line ?? 0}`)).toEqual([
    "topic 1",
    "x.address 2",
    "y.address 8",
    "x.topic 3",
    "x.topic 4",
    "x.topic 5",
    "x.topic 6",
    "y.topic 7",
  ]);
});

test("asks the stack for every password and key as a secret", () => {
  const { program } = importLines(
    ...["connection cloud", "address c.example:8883", "bridge_cafile /ca.crt"],
    ...[
      "bridge_certfile /c.crt",
      "bridge_keyfile /c.key",
      "local_username u",
      "local_password s3cret-7",
      "topic a out 1",
    ],
  );

  expect(program).toContain('clientKey: config.requireSecret("cloudKey")');
  expect(program).toContain('password: config.requireSecret("cloudLocalPassword")');
  expect(program).toContain('"cloud-ca": config.require("cloudCa")');
});

test("says that a pre-shared key, a second address and an included folder are not imported", () => {
  const { findings } = importLines(
    ...["include_dir /etc/mosquitto/conf.d", "connection x1", "address a.example:8883 b.example:8883"],
    ...["bridge_psk 00ff00ff", "bridge_identity me", "topic a out 1"],
  );
  const not = findings.filter(({ kind }) => kind === "notMapped").map(({ what }) => what);

  expect(not).toEqual(expect.arrayContaining(["x1: bridge_psk", "x1", "include_dir /etc/mosquitto/conf.d"]));
  expect(not).toContain("x1: address a.example:8883 b.example:8883");
  expect(JSON.stringify(findings)).not.toContain("00ff00ff");
});

test("two connections of one name have endpoints of their own", () => {
  const { configuration } = importLines(
    ...["connection a b", "address a.example", "topic x out", "connection A-B", "address b.example", "topic x out"],
  );

  expect(Object.keys(parse(configuration).endpoints)).toEqual(["a-b", "a-b-2", "a-b-2-local", "a-b-local"]);
});

test.each([
  [["bridge_certfile /c.crt", "bridge_keyfile /c.key"], {}, /neither TLS nor the certificate/],
  [["remote_username u"], {}, /without a password/],
  [["local_username u", "local_password p"], { local: "aio-broker:18883" }, /service account token/],
])("says what %j alone can't do", (lines, more, text) => {
  const given = ["connection cloud", "address c.example", "topic a out 1", ...lines];
  const { findings } = importMosquitto(given.join("\n"), { ...options, ...more });

  expect(findings).toContainEqual(expect.objectContaining({ kind: "notMapped", text: expect.stringMatching(text) }));
});

test("with --local aio-broker the messages go to AIO's broker, with the service account's token", () => {
  const given = ["listener 1884", "connection cloud", "address c.example", "topic a out 1"];
  const { configuration } = importMosquitto(given.join("\n"), { ...options, local: "aio-broker:18883" });

  expect(parse(configuration).endpoints["cloud-local"]).toMatchObject({
    hostType: "LocalBroker",
    mqttSettings: { host: "aio-broker:18883", authentication: { method: "ServiceAccountToken" } },
  });
});
