import { buildDocument, warningsOf } from "./build-document.ts";

const at = (endpoint: string) => `endpoints.${endpoint}.mqttSettings`;

/** The dataflow with another source, and maybe another destination. */
const from = (source: string, destination = "cloud") => ({
  "dataflows.upward.operations.0.sourceSettings.endpointRef": source,
  "dataflows.upward.operations.1.destinationSettings.endpointRef": destination,
});

const id = "00000000-0000-0000-0000-0000000000c1";
const ids = { clientId: id, tenantId: id };

/** A warning: a document that earns it with the exact text, and a neighbour that does not. */
type Case = readonly [string, Record<string, unknown>, string, Record<string, unknown>];

const warnings: readonly Case[] = [
  [
    "QoS 0 at a source loses messages",
    { [`${at("edge")}.qos`]: 0 },
    `${at("edge")}.qos: is 0, so dataflow "upward" loses what arrives while it can't deliver; set it to 1 where that matters`,
    { [`${at("plant")}.qos`]: 0 },
  ],
  [
    "QoS 0 at a destination loses messages",
    { [`${at("cloud")}.qos`]: 0 },
    `${at("cloud")}.qos: is 0, so dataflow "upward" never learns whether the broker took a message; set it to 1 where that matters`,
    { [`${at("cloud")}.qos`]: 1 },
  ],
  [
    "a session that ends with the connection loses messages",
    { [`${at("edge")}.sessionExpirySeconds`]: 0 },
    `${at("edge")}.sessionExpirySeconds: is 0 s, so the broker drops what waits for dataflow "upward" at every disconnect; give more than the longest outage`,
    { [`${at("cloud")}.sessionExpirySeconds`]: 0 },
  ],
  [
    "Event Grid cuts a long session",
    {
      [`${at("cloud")}.sessionExpirySeconds`]: 28_801,
      "dataflows.upward.operations.0.sourceSettings.endpointRef": "cloud",
      "dataflows.upward.operations.1.destinationSettings.endpointRef": "plant",
    },
    `${at("cloud")}.sessionExpirySeconds: is 28801 s, and Event Grid keeps a session 28800 s at most, by default 3600 s; count on the namespace's maximum session expiry`,
    {
      [`${at("cloud")}.sessionExpirySeconds`]: 28_800,
      "dataflows.upward.operations.0.sourceSettings.endpointRef": "cloud",
      "dataflows.upward.operations.1.destinationSettings.endpointRef": "plant",
    },
  ],
  [
    "retained messages may be refused by Event Grid, where nobody says that they are meant",
    { [`${at("cloud")}.retain`]: undefined },
    `${at("cloud")}.retain: is Keep by default, and not every Event Grid namespace takes retained messages (64 KB each at most); say what is meant, "Keep" or "Never"; the relay clears the flag where the broker says that it keeps no messages`,
    { [`${at("cloud")}.retain`]: "Keep", [`${at("edge")}.retain`]: undefined },
  ],
  [
    "sites without a client ID prefix take over each other's sessions at Event Grid",
    { [`${at("cloud")}.clientIdPrefix`]: undefined },
    `${at("cloud")}.clientIdPrefix: is empty, so another site with a dataflow of the same name takes over its session at Event Grid; give one that no other site has, or see that no other site has a dataflow of that name there`,
    { [`${at("plant")}.clientIdPrefix`]: undefined },
  ],
  [
    "a destination topic may ask for a level that only some topics of the source have",
    {
      "dataflows.upward.operations.0.sourceSettings.dataSources": ["$share/g/plant/+/#"],
      "dataflows.upward.operations.1.destinationSettings.dataDestination": "sites/${inputTopic.2}/${inputTopic.5}",
    },
    'dataflows.upward.operations[1].destinationSettings.dataDestination: asks for level 5, and messages under "$share/g/plant/+/#" with fewer levels can\'t be delivered; ask for level 3 at most, or give dataSources that have the level, such as "plant/+/+/+/+/#"',
    {
      "dataflows.upward.operations.0.sourceSettings.dataSources": ["$share/g/plant/+/#"],
      "dataflows.upward.operations.1.destinationSettings.dataDestination": "sites/${inputTopic.2}/${inputTopic.3}",
    },
  ],
  [
    "filters of one dataflow that share topics may bring a message more than once",
    { "dataflows.upward.operations.0.sourceSettings.dataSources": ["plant/+/telemetry", "$shared/g/plant/#"] },
    'dataflows.upward.operations[0].sourceSettings.dataSources[1]: "$shared/g/plant/#" shares topics with "plant/+/telemetry", and a broker may send such a message once for each of them; remove one of them, or narrow it',
    { "dataflows.upward.operations.0.sourceSettings.dataSources": ["plant/+/telemetry", "plant/+/alarms"] },
  ],
  [
    "mosquitto forgets the shared subscriptions of several instances",
    { profile: { instanceCount: 3 }, ...from("plant") },
    'profile.instanceCount: is 3, so the source "plant" has shared subscriptions, and mosquitto 2.0 forgets those when it restarts: what comes before the dataflow subscribes again is lost; set it to 1, use a broker that keeps shared subscriptions, or count on that loss',
    { profile: { instanceCount: 3 } },
  ],
  [
    "mosquitto forgets a shared subscription that was written",
    { ...from("plant"), "dataflows.upward.operations.0.sourceSettings.dataSources": ["a", "$shared/g/b/#"] },
    'dataflows.upward.operations[0].sourceSettings.dataSources[1]: "$shared/g/b/#" is a shared subscription, and mosquitto 2.0 forgets those when it restarts: what comes before the dataflow subscribes again is lost; give "b/#", use a broker that keeps shared subscriptions, or count on that loss',
    { "dataflows.upward.operations.0.sourceSettings.dataSources": ["$shared/g/b/#"] },
  ],
  [
    "without a disk nothing takes a removed filter back at Event Grid",
    { ...from("cloud", "plant"), "dataflows.upward.relay.spool.mode": "Disabled" },
    'dataflows.upward.relay.spool.mode: is Disabled, so nothing remembers the filters of the session at "cloud": one that is taken out of dataSources later goes on delivering until the session expires; set it to "Enabled", or let the session expire before dataSources change',
    from("cloud", "plant"),
  ],
  ...(
    [
      ["SystemAssignedManagedIdentity", "systemAssignedManagedIdentitySettings", "audience", "Event Grid", {}],
      ["UserAssignedManagedIdentity", "userAssignedManagedIdentitySettings", "scope", "Event Grid", ids],
      ["ServiceAccountToken", "serviceAccountTokenSettings", "audience", "AIO's own broker", {}],
    ] as const
  ).map(([method, block, field, broker, others]): Case => [
    `a custom broker gets no token for another one by ${method}`,
    { [`${at("plant")}.authentication`]: { method, [block]: others } },
    `${at("plant")}.authentication.${block}.${field}: is left out, so that this broker gets a token for ${broker}; give the one that this broker expects`,
    { [`${at("plant")}.authentication`]: { method, [block]: { ...others, [field]: "api://plant" } } },
  ]),
  [
    "a credential without TLS is readable",
    { [`${at("edge")}.tls`]: { mode: "Disabled" } },
    `${at("edge")}.tls.mode: is Disabled, so the credential of method ServiceAccountToken is sent in clear text; set it to "Enabled"`,
    { [`${at("plant")}.tls`]: { mode: "Disabled" } },
  ],
];

test.each(warnings)("%s", (_case, changes, warning) => {
  expect(warningsOf(buildDocument(changes))).toEqual([warning]);
});

test.each(warnings)("%s: the neighbour has no warning", (_case, _changes, _warning, kept) => {
  expect(warningsOf(buildDocument(kept))).toEqual([]);
});

test("an endpoint of two dataflows is warned of once", () => {
  const operations = [
    { operationType: "Source", sourceSettings: { endpointRef: "plant", dataSources: ["a"] } },
    { operationType: "Destination", destinationSettings: { endpointRef: "cloud", dataDestination: "b" } },
  ];
  const document = buildDocument({ [`${at("cloud")}.retain`]: undefined, "dataflows.second": { operations } });

  expect(warningsOf(document)).toHaveLength(1);
});

test.each([
  ["of a dataflow that is disabled", { "dataflows.upward.mode": "Disabled" }],
  ["where a warning says already that QoS 0 loses messages", { [`${at("plant")}.qos`]: 0 }],
  ["where a warning says already that the session keeps nothing", { [`${at("plant")}.sessionExpirySeconds`]: 0 }],
])("says nothing of forgotten shared subscriptions %s", (_case, changes) => {
  const document = buildDocument({ profile: { instanceCount: 3 }, ...from("plant"), ...changes });

  expect(warningsOf(document).filter((warning) => warning.includes("shared"))).toEqual([]);
});

test("says nothing of removed filters where dead letters bring a disk, which remembers them", () => {
  const relay = { spool: { mode: "Disabled" }, undeliverableMessages: "DeadLetter" };

  expect(warningsOf(buildDocument({ ...from("cloud", "plant"), "dataflows.upward.relay": relay }))).toEqual([]);
});

test("two dataflows with one source are warned of its instances once", () => {
  const { dataflows } = buildDocument(from("plant")) as { dataflows: { upward: object } };
  const document = buildDocument({
    ...from("plant"),
    "dataflows.second": dataflows.upward,
    profile: { instanceCount: 2 },
  });

  expect(warningsOf(document)).toHaveLength(1);
});
