import { authenticationMethods } from "../../../../runtime/contract/config/authentication.ts";
import { HostType } from "../../../../runtime/contract/config/endpoint.ts";
import { buildDocument, problemsOf } from "./build-document.ts";

const uuid = "11111111-2222-3333-4444-555555555555";
const settingsOf: Readonly<Record<string, object>> = {
  UserAssignedManagedIdentity: { userAssignedManagedIdentitySettings: { clientId: uuid, tenantId: uuid } },
  X509Certificate: { x509CertificateSettings: { secretRef: "certificate" } },
  AccessToken: { accessTokenSettings: { secretRef: "token" } },
  UsernamePassword: { usernamePasswordSettings: { secretRef: "user" } },
};

const endpointOf: Readonly<Record<HostType, string>> = { LocalBroker: "edge", EventGrid: "cloud", CustomMqtt: "plant" };

/** The specification's three forms and its method sections; `-` is a method that the kind of broker does not take. */
const matrix = `
                                LocalBroker  EventGrid  CustomMqtt
SystemAssignedManagedIdentity   -            yes        yes
UserAssignedManagedIdentity     -            yes        yes
ServiceAccountToken             yes          -          yes
X509Certificate                 yes          yes        yes
AccessToken                     -            -          yes
Anonymous                       yes          -          yes
UsernamePassword                -            -          yes`;

const rows = matrix
  .trim()
  .split("\n")
  .map((line) => line.trim().split(/\s+/));
const [hostTypes = [], ...methodRows] = rows;
const cells = methodRows.flatMap(([method = "", ...marks]) =>
  marks.map((mark, column) => [hostTypes[column] as HostType, method, mark === "yes"] as const),
);

describe("authentication methods by kind of broker", () => {
  test("the matrix is complete", () => {
    expect(hostTypes).toEqual(Object.values(HostType));
    expect(methodRows.map(([method]) => method)).toEqual(authenticationMethods);
  });

  test.each(cells)("%s and %s go together: %s", (hostType, method, isAllowed) => {
    const name = endpointOf[hostType];
    const path = `endpoints.${name}.mqttSettings.authentication`;
    const document = buildDocument({ [path]: { method, ...settingsOf[method] } });
    const allowed = cells.filter(([kind, , mark]) => kind === hostType && mark).map(([, other]) => `"${other}"`);
    const problem = `is "${method}", which an endpoint of host type ${hostType} does not take; use ${allowed.join(", ")}`;

    expect(problemsOf(document)).toEqual(isAllowed ? [] : [`${path}.method: ${problem}`]);
  });
});

const eventGrid = "contoso.westeurope-1.ts.eventgrid.azure.net";
const certificate = { method: "X509Certificate", ...settingsOf["X509Certificate"] };
const token = { method: "AccessToken", ...settingsOf["AccessToken"] };

function change(endpoint: "edge" | "cloud" | "plant", mqttSettings: object, others: object = {}) {
  const prefixed = (prefix: string, fields: object) =>
    Object.entries(fields).map(([field, value]) => [`${prefix}.${field}`, value as unknown]);
  const path = `endpoints.${endpoint}`;
  const changes = [...prefixed(path, others), ...prefixed(`${path}.mqttSettings`, mqttSettings)];
  return buildDocument(Object.fromEntries(changes) as Record<string, unknown>);
}

/** Each rule: a document that breaks it with the exact message, and a neighbour that keeps it. */
const rules: readonly (readonly [string, object, string, object])[] = [
  [
    "a path in the host needs WebSockets",
    change("plant", { host: "broker.example:8883/mqtt" }),
    'endpoints.plant.mqttSettings.host: has the path "/mqtt", which only WebSockets take; remove it, or set "protocol" to "WebSockets"',
    change("plant", { host: "broker.example:443/anything", protocol: "WebSockets" }),
  ],
  [
    "a host of Event Grid is declared as nothing else",
    change("cloud", { authentication: { method: "SystemAssignedManagedIdentity" } }, { hostType: "CustomMqtt" }),
    `endpoints.cloud.mqttSettings.host: is "${eventGrid}:8883", a host of type EventGrid, and the endpoint is of type CustomMqtt; give another host, or an endpoint of type EventGrid`,
    change("cloud", {}, { hostType: "EventGrid" }),
  ],
  [
    "a declared Event Grid has a host",
    change("cloud", { host: "aio-broker:8883" }, { hostType: "EventGrid" }),
    'endpoints.cloud.mqttSettings.host: is "aio-broker:8883", a host of type LocalBroker, and the endpoint is of type EventGrid; give another host, or an endpoint of type LocalBroker',
    change("cloud", { host: "mqtt.contoso.example:8883" }, { hostType: "EventGrid" }),
  ],
  [
    "a trusted CA needs TLS",
    change("plant", { tls: { mode: "Disabled", trustedCaCertificateConfigMapRef: "plant-ca" } }),
    'endpoints.plant.mqttSettings.tls.trustedCaCertificateConfigMapRef: is set, and TLS is Disabled; remove it, or set tls.mode to "Enabled"',
    change("plant", { tls: { mode: "Enabled", trustedCaCertificateConfigMapRef: "plant-ca" } }),
  ],
  [
    "a client certificate needs TLS",
    change("plant", { tls: { mode: "Disabled" }, authentication: certificate }),
    'endpoints.plant.mqttSettings.tls.mode: is Disabled, and a client certificate is presented in TLS only; set it to "Enabled", or use another authentication method',
    change("plant", { tls: { mode: "Disabled" } }),
  ],
  [
    "a user name needs a method that sends one",
    change("plant", {}, { relay: { username: "press-7" } }),
    "endpoints.plant.relay.username: is set, and authentication method Anonymous sends none; remove it",
    change("plant", { authentication: token }, { relay: { username: "press-7" } }),
  ],
  [
    "the user name of UsernamePassword stands in its Secret",
    change(
      "plant",
      { authentication: { method: "UsernamePassword", ...settingsOf["UsernamePassword"] } },
      { relay: { username: "press-7" } },
    ),
    "endpoints.plant.relay.username: is set, and authentication method UsernamePassword sends none; remove it",
    change("cloud", { authentication: certificate }, { relay: { username: "press-7" } }),
  ],
  [
    "shared subscriptions are stated for Event Grid only",
    change("plant", {}, { relay: { allowSharedSubscriptions: true } }),
    "endpoints.plant.relay.allowSharedSubscriptions: is set on an endpoint of host type CustomMqtt, where shared subscriptions are always used; remove it",
    change("cloud", {}, { relay: { allowSharedSubscriptions: true } }),
  ],
  [
    "Event Grid needs a host name",
    change("cloud", { host: "10.1.2.3:8883" }, { hostType: "EventGrid" }),
    "endpoints.cloud.mqttSettings.host: is the IP address 10.1.2.3, and Event Grid needs the host name in TLS; give the namespace's host name",
    change("plant", { host: "10.1.2.3:8883" }),
  ],
  [
    "Event Grid needs a host name rather than an IPv6 address",
    change("cloud", { host: "[2001:db8::7]:8883" }, { hostType: "EventGrid" }),
    "endpoints.cloud.mqttSettings.host: is the IP address 2001:db8::7, and Event Grid needs the host name in TLS; give the namespace's host name",
    change("plant", { host: "[2001:db8::7]:8883" }),
  ],
  [
    "Event Grid listens on 8883 for MQTT",
    change("cloud", { host: `${eventGrid}:9092` }), // the port that a published example gives by a slip
    "endpoints.cloud.mqttSettings.host: has port 9092, and Event Grid listens on 8883 for Mqtt; use port 8883",
    change("cloud", { host: `${eventGrid}:8883` }),
  ],
  [
    "Event Grid listens on 443 for WebSockets",
    change("cloud", { host: `${eventGrid}:8883/mqtt`, protocol: "WebSockets" }),
    'endpoints.cloud.mqttSettings.host: has port 8883, and Event Grid listens on 443 for WebSockets; use port 443, or set "protocol" to "Mqtt"',
    change("cloud", { host: `${eventGrid}:443`, protocol: "WebSockets" }),
  ],
  [
    "Event Grid takes WebSockets at one path",
    change("cloud", { host: `${eventGrid}:443/ws`, protocol: "WebSockets" }),
    'endpoints.cloud.mqttSettings.host: has the path "/ws", and Event Grid takes WebSockets at "/mqtt"; end the host with "/mqtt"',
    change("cloud", { host: `${eventGrid}:443/mqtt`, protocol: "WebSockets" }),
  ],
  [
    "Event Grid takes TLS only",
    change("cloud", { tls: { mode: "Disabled" } }),
    'endpoints.cloud.mqttSettings.tls.mode: is Disabled, and Event Grid takes TLS only; set it to "Enabled"',
    change("cloud", { tls: { mode: "Enabled" } }),
  ],
  [
    "Event Grid needs a keep alive",
    change("cloud", { keepAliveSeconds: 0 }),
    "endpoints.cloud.mqttSettings.keepAliveSeconds: is 0 s, outside what Event Grid takes; give 1 to 1160 s",
    change("cloud", { keepAliveSeconds: 1 }),
  ],
  [
    "Event Grid takes a keep alive of 1160 s at most",
    change("cloud", { keepAliveSeconds: 1161 }),
    "endpoints.cloud.mqttSettings.keepAliveSeconds: is 1161 s, outside what Event Grid takes; give 1 to 1160 s",
    change("cloud", { keepAliveSeconds: 1160 }),
  ],
  [
    "only Event Grid limits the keep alive",
    change("plant", { keepAliveSeconds: 65_536 }),
    "endpoints.plant.mqttSettings.keepAliveSeconds: is 65536 s; give a whole number from 0 to 65535 s",
    change("plant", { keepAliveSeconds: 65_535 }),
  ],
];

describe("rules between the fields of an endpoint", () => {
  test.each(rules)("%s", (_rule, broken, problem) => {
    expect(problemsOf(broken)).toEqual([problem]);
  });

  test.each(rules)("%s: the neighbour passes", (_rule, _broken, _problem, kept) => {
    expect(problemsOf(kept)).toEqual([]);
  });

  test("judge an endpoint whose host lacks its port by the broker that it names", () => {
    const document = change("cloud", { host: eventGrid }, { relay: { allowSharedSubscriptions: true } });

    expect(problemsOf(document)).toEqual([
      `endpoints.cloud.mqttSettings.host: is "${eventGrid}"; give "<hostname>:<port>", such as "broker.example:8883"`,
    ]);
  });
});
