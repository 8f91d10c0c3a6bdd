import fc from "fast-check";

import { formatRelayConfig, parseRelayConfig } from "../../../runtime/contract/config.ts";
import { listConfigFields } from "../../../runtime/contract/config/reference.ts";
import { ConfigError } from "../../../runtime/contract/errors.ts";
import { buildDocument, parseDocument, problemsOf, problemsOfText } from "./config/build-document.ts";

/** Every number of the document: path, unit, least, default and most. */
const numbers: readonly (readonly [string, string, number, number | undefined, number])[] = [
  ["endpoints.plant.mqttSettings.keepAliveSeconds", "s", 0, 60, 65_535],
  ["endpoints.plant.mqttSettings.maxInflightMessages", "messages", 1, 100, 64_999],
  ["endpoints.plant.mqttSettings.sessionExpirySeconds", "s", 0, 3600, 4_294_967_295],
  ["profile.instanceCount", "instances", 1, 1, 20],
  ["profile.diagnostics.metrics.prometheusPort", "", 0, 9600, 65_535],
  ["relay.maxMemoryBytes", "bytes", 67_108_864, undefined, 1_099_511_627_776],
  ["relay.connectTimeoutSeconds", "s", 1, 30, 300],
  ["relay.drainTimeoutSeconds", "s", 1, 20, 3600],
  ["relay.status.intervalSeconds", "s", 1, 30, 3600],
  ["relay.reconnect.minDelayMs", "ms", 10, 1000, 60_000],
  ["relay.reconnect.maxDelayMs", "ms", 10, 60_000, 600_000],
  ["dataflows.upward.relay.maxInflightBytes", "bytes", 65_536, 16_777_216, 1_073_741_824],
  ["dataflows.upward.relay.stallTimeoutSeconds", "s", 0, 60, 3600],
  ["dataflows.upward.relay.refusalTimeoutSeconds", "s", 0, 60, 86_400],
  ["dataflows.upward.relay.maxHops", "hops", 1, undefined, 255],
  ["dataflows.upward.relay.spool.maxBytes", "bytes", 1_048_576, 1_073_741_824, 1_099_511_627_776],
  ["dataflows.upward.relay.spool.maxAgeSeconds", "s", 1, undefined, 31_536_000],
  ["dataflows.upward.relay.spool.drainMessagesPerSecond", "messages/s", 0, 900, 1_000_000],
  ["relay.statusPage.port", "", 0, 9601, 65_535],
  ["dataflows.upward.relay.spool.drainBytesPerSecond", "bytes/s", 0, 900_000, 10_000_000_000],
];

/** What has to stand beside a number for the document to be whole. */
const besides: Readonly<Record<string, object>> = {
  "relay.status.intervalSeconds": { "relay.status": { endpointRef: "edge", topic: "status" } },
  "dataflows.upward.relay.spool.maxAgeSeconds": { "dataflows.upward.relay": { undeliverableMessages: "Discard" } },
  "relay.reconnect.minDelayMs": { "relay.reconnect.maxDelayMs": 600_000 },
  "relay.reconnect.maxDelayMs": { "relay.reconnect.minDelayMs": 10 },
};

function valueAt(object: unknown, path: string): unknown {
  return path.split(".").reduce<unknown>((inner, key) => (inner as Record<string, unknown>)[key], object);
}

function withNumber(path: string, value: number | undefined) {
  return buildDocument({ ...besides[path], [path]: value });
}

describe("numbers", () => {
  test("this table has every number of the schema", () => {
    const paths = listConfigFields().filter(({ type }) => type.startsWith("whole number"));

    expect(numbers.map(([path]) => path.replace(/^(endpoints|dataflows)\.\w+/, "$1.<name>")).sort()).toEqual(
      paths.map(({ path }) => path).sort(),
    );
  });

  test.each(numbers)("%s (%s) is at least %d", (path, unit, min, _default, max) => {
    const shown = unit === "" ? "" : ` ${unit}`;
    const problem = `is ${min - 1}${shown}; give a whole number from ${min} to ${max}${shown}`;

    expect(problemsOf(withNumber(path, min - 1))).toContain(`${path}: ${problem}`);
    expect(valueAt(parseDocument(withNumber(path, min)).config, path)).toBe(min);
  });

  test.each(numbers)("%s (%s) is at most the last of %d, %d, %d", (path, unit, min, _default, max) => {
    const shown = unit === "" ? "" : ` ${unit}`;
    const problem = `is ${max + 1}${shown}; give a whole number from ${min} to ${max}${shown}`;

    expect(problemsOf(withNumber(path, max + 1))).toContain(`${path}: ${problem}`);
    expect(valueAt(parseDocument(withNumber(path, max)).config, path)).toBe(max);
  });

  test.each(numbers)("%s (%s, %d or more) is %p when left out", (path, _unit, _min, value) => {
    expect(valueAt(parseDocument(withNumber(path, undefined)).config, path)).toBe(value);
  });

  test.each(["trace", "debug", "info", "warn", "error"])("the log level may be %s", (level) => {
    const path = "profile.diagnostics.logs.level";

    expect(valueAt(parseDocument(buildDocument({ [path]: level })).config, path)).toBe(level);
  });

  test("the log level is none of another logger's", () => {
    expect(problemsOf(buildDocument({ "profile.diagnostics.logs.level": "warning" }))).toEqual([
      'profile.diagnostics.logs.level: is "warning"; give "trace" or "debug" or "info" or "warn" or "error"',
    ]);
  });
});

describe("the whole document", () => {
  test("needs nothing but endpoints and dataflows", () => {
    const { config, warnings, skipped } = parseDocument(buildDocument());

    expect(config).toMatchObject({
      schemaVersion: 1,
      profile: { instanceCount: 1 },
      relay: { drainTimeoutSeconds: 20 },
    });
    expect(warnings).toEqual([]);
    expect(skipped).toEqual([]);
  });

  test.each([
    ["{}", ["endpoints: is missing; add it", "dataflows: is missing; add it"]],
    ["null", ["document: is null; give an object"]],
    ["[]", ["document: is a list; give an object"]],
    ['"hunter2"', ["document: is a text; give an object"]],
    ["7", ["document: is a number; give an object"]],
    [
      '{"endpoints": [], "dataflows": []}',
      [
        "endpoints: is a list; give an object whose keys are names",
        "dataflows: is a list; give an object whose keys are names",
      ],
    ],
    ['{"endpoints": {}, "dataflows": {}}', ["dataflows: lists no dataflow that a relay can run; add at least one"]],
  ])("%s", (text, problems) => {
    expect(problemsOfText(text)).toEqual(problems);
  });

  test.each([
    ["schemaVersion", 2, "schemaVersion: is 2; give 1"],
    ["profile", null, "profile: is null; give an object"],
    ["profile", [], "profile: is a list; give an object"],
    ["relay", "x", "relay: is a text; give an object"],
    ["relay.site", 7, "relay.site: is 7; give a text in quotes"],
    ["endpoint", {}, 'endpoint: is not a known field; did you mean "endpoints"?'],
    ["dataFlows", {}, 'dataFlows: is not a known field; did you mean "dataflows"?'],
    [
      "colour",
      "red",
      'colour: is not a known field; use one of "schemaVersion", "endpoints", "profile", "dataflows", "relay"',
    ],
    ["profile.instances", 2, 'profile.instances: is not a known field; use one of "instanceCount", "diagnostics"'],
    ["relay.drainTimeout", 2, 'relay.drainTimeout: is not a known field; did you mean "drainTimeoutSeconds"?'],
    [
      "endpoints.plant.mqttSettings.keepAlive",
      30,
      'endpoints.plant.mqttSettings.keepAlive: is not a known field; did you mean "keepAliveSeconds"?',
    ],
    [
      "endpoints.plant.mqttSettings.QoS",
      1,
      'endpoints.plant.mqttSettings.QoS: is not a known field; did you mean "qos"?',
    ],
    [
      "endpoints.plant.mqttSettings.tls.enabled",
      true,
      'endpoints.plant.mqttSettings.tls.enabled: is not a known field; use one of "mode", "trustedCaCertificateConfigMapRef"',
    ],
    [
      "endpoints.Plant",
      { endpointType: "Mqtt", mqttSettings: { authentication: { method: "Anonymous" } } },
      'endpoints.Plant: is no name for an endpoint ("Plant"); name an endpoint with 3 to 63 lower-case letters, digits and "-", first and last no "-"',
    ],
  ])("%s of %j", (path, value, problem) => {
    expect(problemsOf(buildDocument({ [path]: value }))).toEqual([problem]);
  });

  test("tells all of its problems at once, those behind unknown keys too", () => {
    const document = buildDocument({
      colour: "red",
      size: 7,
      "profile.instanceCount": 0,
      "relay.reconnect": { minDelayMs: 2000, maxDelayMs: 1000, factor: 2 },
      "endpoints.edge.mqttSettings": { qos: 2, keepAliveSeconds: -1, colour: "red", size: 7 },
      "endpoints.cloud.mqttSettings.tls": { mode: "Disabled", cipher: "x" },
      "endpoints.plant.mqttSettings.host": "broker.example:8883/mqtt",
      "dataflows.upward.operations.0.sourceSettings": { endpointRef: "edge", dataSources: ["a/#/b"], sharing: true },
      "dataflows.second": { operations: [] },
    });

    expect(problemsOf(document).map((problem) => problem.split(": ")[0])).toEqual([
      "colour",
      "size",
      "profile.instanceCount",
      "relay.reconnect.factor",
      "endpoints.edge.mqttSettings.authentication",
      "endpoints.edge.mqttSettings.keepAliveSeconds",
      "endpoints.edge.mqttSettings.qos",
      "endpoints.edge.mqttSettings.colour",
      "endpoints.edge.mqttSettings.size",
      "endpoints.cloud.mqttSettings.tls.cipher",
      "endpoints.cloud.mqttSettings.tls.mode",
      "endpoints.plant.mqttSettings.host",
      "relay.reconnect.minDelayMs",
      "dataflows.upward.operations[0].sourceSettings.sharing",
      "dataflows.upward.operations[0].sourceSettings.dataSources[0]",
      "dataflows.second.operations",
    ]);
  });

  test("is named in the error, with the number of its problems", () => {
    const parse = () => parseRelayConfig("{}", { where: "/etc/relay/config.json" });

    expect(parse).toThrow(ConfigError);
    expect(parse).toThrow("/etc/relay/config.json has 2 problems:\n  endpoints: is missing; add it\n  dataflows: ");
  });
});

describe("a text that is no JSON", () => {
  test.each([
    ["", "line 1, column 1: is not JSON (Unexpected end of JSON input); correct it there"],
    [
      '{\n  "endpoints": {},\n}',
      "line 3, column 1: is not JSON (Expected double-quoted property name); correct it there",
    ],
    ['{\n  "password": hunter2\n}', "line 2, column 15: is not JSON (Unexpected token 'h'); correct it there"],
  ])("%j", (text, problem) => {
    expect(problemsOfText(text)).toEqual([problem]);
  });

  test("leaves nothing of itself in the error or in its cause", () => {
    expect.assertions(2);
    try {
      parseRelayConfig('{"password": hunter2}', { where: "doc" });
    } catch (error) {
      expect(String(error)).not.toContain("hunter2");
      expect((error as Error).cause).toBeUndefined();
    }
  });
});

test("whatever JSON is given, only a ConfigError is thrown", () => {
  const key = fc.constantFrom(
    ...["kind", "items", "metadata", "name", "spec", "endpoints", "dataflows", "profile", "relay", "operations"],
    ...["abc", "__proto__", "constructor", "toString", "mqttSettings", "authentication", "method", "endpointType"],
  );
  const word = fc.constantFrom("Mqtt", "List", "DataflowEndpoint", "Dataflow", "Source", "Anonymous", "abc", "");
  const { value } = fc.letrec((tie) => ({
    value: fc.oneof(
      { depthSize: "medium" },
      fc.oneof(word, fc.integer(), fc.boolean(), fc.constant(null)),
      fc.array(tie("value"), { maxLength: 3 }),
      fc.dictionary(key, tie("value"), { maxKeys: 6, noNullPrototype: true }),
    ),
  }));
  fc.assert(
    fc.property(value, (document) => {
      expect(() => problemsOf(document)).not.toThrow();
    }),
    { numRuns: 500 },
  );
});

describe("formatRelayConfig", () => {
  /** The same value with the keys of its objects in another order. */
  function shuffled(value: unknown, random: () => number): unknown {
    if (Array.isArray(value)) return value.map((item) => shuffled(item, random));
    if (typeof value !== "object" || value === null) return value;
    const entries = Object.entries(value).map(([key, inner]) => ({
      key,
      inner: shuffled(inner, random),
      at: random(),
    }));
    return Object.fromEntries(entries.sort((a, b) => a.at - b.at).map(({ key, inner }) => [key, inner]));
  }

  test("writes keys in order, two spaces deep, with a line break at the end", () => {
    expect(formatRelayConfig({ b: [{ d: 1, c: 2 }], a: null })).toBe(
      '{\n  "a": null,\n  "b": [\n    {\n      "c": 2,\n      "d": 1\n    }\n  ]\n}\n',
    );
  });

  test("writes the same bytes whatever the order of the keys", () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.infiniteStream(fc.double({ min: 0, max: 1, noNaN: true })), (value, stream) => {
        const random = () => Number(stream.next().value);
        expect(formatRelayConfig(shuffled(value, random))).toBe(formatRelayConfig(value));
      }),
    );
  });

  test("writes a configuration that is read as the same and written as the same", () => {
    const endpoint = fc.record(
      {
        "mqttSettings.qos": fc.constantFrom(0, 1),
        "mqttSettings.retain": fc.constantFrom("Keep", "Never"),
        "mqttSettings.keepAliveSeconds": fc.integer({ min: 0, max: 65_535 }),
        "mqttSettings.clientIdPrefix": fc.string({ maxLength: 8 }),
        "mqttSettings.cloudEventAttributes": fc.constantFrom("Propagate", "CreateOrRemap"),
        "mqttSettings.tls.mode": fc.constantFrom("Enabled", "Disabled"),
        hostType: fc.constantFrom("CustomMqtt", "LocalBroker"),
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(endpoint, fc.integer({ min: 1, max: 20 }), (fields, instanceCount) => {
        const changes = Object.entries(fields).map(([field, value]) => [`endpoints.plant.${field}`, value]);
        const { config } = parseDocument(
          buildDocument({ ...Object.fromEntries(changes), "profile.instanceCount": instanceCount }),
        );
        const text = formatRelayConfig(config);
        const again = parseRelayConfig(text, { where: "doc" }).config;

        expect(again).toEqual(config);
        expect(formatRelayConfig(again)).toBe(text);
      }),
    );
  });
});
