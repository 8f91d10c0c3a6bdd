import { checkLocalBroker } from "../../../components/checks/aio-broker.ts";

const broker = { host: "aio-broker:18883", audience: "aio-internal", trustBundle: "aio-ca" };
const declared = {
  host: "aio-broker:18883",
  authenticationMethod: "ServiceAccountToken",
  trustedCaCertificateConfigMapRef: "aio-ca",
} as const;

test.each<[string, Parameters<typeof checkLocalBroker>[1], Parameters<typeof checkLocalBroker>[2]]>([
  ["the same host", declared, broker],
  ["the full name of the short host", { ...declared, host: "aio-broker.azure-iot-operations:18883" }, broker],
  ["the short name of the full host", declared, { ...broker, host: "aio-broker.azure-iot-operations:18883" }],
  [
    "another form of the same full name",
    { ...declared, host: "aio-broker.azure-iot-operations.svc.cluster.local:18883" },
    { ...broker, host: "aio-broker.azure-iot-operations:18883" },
  ],
  ["a name in another case", { ...declared, host: "AIO-Broker:18883" }, broker],
  ["a WebSocket's path", { ...declared, host: "aio-broker:18883/mqtt" }, broker],
  [
    "a copy of the CA in another namespace",
    { ...declared, host: "aio-broker.aio:18883", trustedCaCertificateConfigMapRef: "copy" },
    broker,
  ],
  ["an audience that no token is asked for", { ...declared, authenticationMethod: "Anonymous", audience: "b" }, broker],
  [
    "a CA that no connection needs",
    { ...declared, tlsMode: "Disabled", trustedCaCertificateConfigMapRef: "b" },
    broker,
  ],
  ["what is not known of the broker", { ...declared, host: "other:1" }, {}],
  ["what is not known of the endpoint", {}, broker],
])("takes %s", (_, endpoint, real) => {
  expect(checkLocalBroker("", endpoint, real)).toEqual([]);
});

test.each<[string, Parameters<typeof checkLocalBroker>[1], string]>([
  ["another port", { ...declared, host: "aio-broker:8883" }, "host"],
  ["another name", { ...declared, host: "my-broker:18883" }, "host"],
  ["another service in AIO's namespace", { ...declared, host: "my-broker.azure-iot-operations:18883" }, "host"],
  ["the broker of another cluster", { ...declared, host: "aio-broker.bergen.example:18883" }, "host"],
  ["another audience", { ...declared, audience: "aio-mq" }, "audience"],
  ["another CA", { ...declared, trustedCaCertificateConfigMapRef: "my-ca" }, "trustedCaCertificateConfigMapRef"],
])("refuses %s", (_, endpoint, path) => {
  expect(checkLocalBroker("", endpoint, broker)).toMatchObject([{ path, rule: "aio-broker" }]);
});
