import { createMounts } from "../../../runtime/identity/mounts.ts";
import { createProxyReader } from "../../../runtime/identity/proxy.ts";
import { buildDocument, parseDocument } from "../contract/config/build-document.ts";

const target = { hostname: "ns.example", port: 8883 };
const before = process.env["HTTPS_PROXY"];

beforeEach(() => {
  process.env["HTTPS_PROXY"] = "http://environment.example:3128";
});

afterAll(() => {
  if (before === undefined) delete process.env["HTTPS_PROXY"];
  else process.env["HTTPS_PROXY"] = before;
});

/** The URL of the proxy that an endpoint gets; `changes` sets its fields by path. */
async function urlOf(changes: Readonly<Record<string, unknown>>, relayUrl?: string, isTls = true) {
  const prefixed = Object.entries(changes).map(([at, value]) => [`endpoints.plant.${at}`, value]);
  const { config } = parseDocument(buildDocument(Object.fromEntries(prefixed) as Record<string, unknown>));
  const relay = relayUrl === undefined ? undefined : { url: relayUrl };
  const read = createProxyReader(config.endpoints["plant"]!, relay, createMounts("/nowhere"));
  return (await read(target, isTls))?.url;
}

const own = { "relay.proxy": { url: "http://own.example:1/" } };
const custom = { hostType: "CustomMqtt" };
const local = { hostType: "LocalBroker", "mqttSettings.host": "aio-broker:18883" };
const relay = "http://relay.example:2";

test.each([
  ["the endpoint's own comes first", { ...custom, ...own }, relay, "http://own.example:1"],
  ["the relay's comes next", custom, relay, relay],
  ["the environment's comes last", custom, undefined, "http://environment.example:3128"],
  ['"direct" of an endpoint is none', { ...custom, "relay.proxy": { url: "direct" } }, relay, undefined],
  ['"direct" of the relay is none', custom, "direct", undefined],
  ["AIO's broker is in the cluster: the relay's does not count", local, relay, undefined],
  ["AIO's broker is in the cluster: the environment's does not count", local, undefined, undefined],
  ["AIO's broker takes its own", { ...local, ...own }, undefined, "http://own.example:1"],
])("%s", async (_rule, changes, relayUrl, expected) => {
  const anonymous = { "mqttSettings.authentication": { method: "Anonymous" } };

  expect(await urlOf({ ...anonymous, ...changes }, relayUrl)).toBe(expected);
});

test("the environment's, which is for TLS, does not count for plain TCP", async () => {
  expect(await urlOf({ ...custom, "mqttSettings.authentication": { method: "Anonymous" } }, undefined, false)).toBe(
    undefined,
  );
});
