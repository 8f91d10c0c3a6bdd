/** Bridge sections with the structures that people publish; all names are made up. */
export interface Section {
  readonly about: string;
  readonly lines: readonly string[];
  /** Dataflows: source, filters, destination, topic, and hops where they are bounded. */
  readonly dataflows: Readonly<Record<string, readonly [string, readonly string[], string, string, number?]>>;
  /** Fields of endpoints' `mqttSettings`. */
  readonly endpoints: Readonly<Record<string, object>>;
}

const plainLocal = { authentication: { method: "Anonymous" }, tls: { mode: "Disabled" }, clientIdPrefix: "oslo-" };
const forever = 4_294_967_295;

export const sections: readonly Section[] = [
  {
    about: "a whole tree under a prefix of the site, without TLS",
    lines: ["connection bridge-home", "address 192.0.2.10:1883", 'topic # out 0 "" home/', "notifications true"],
    dataflows: { "bridge-home-out": ["bridge-home-local", ["#"], "bridge-home", "home/${inputTopic}"] },
    endpoints: {
      "bridge-home": { ...plainLocal, host: "192.0.2.10:1883", qos: 0, sessionExpirySeconds: forever },
      "bridge-home-local": { ...plainLocal, host: "localhost:1883", qos: 0 },
    },
  },
  {
    about: "The Things Network: password, and the roots of the system",
    lines: [
      "connection ttn_bridge",
      "address eu1.ttn.example:8883",
      "topic # in 2",
      "bridge_cafile /etc/ssl/certs/ca-certificates.crt",
      "remote_username app",
      "remote_password s3cret-7",
    ],
    dataflows: { "ttn-bridge-in": ["ttn-bridge", ["#"], "ttn-bridge-local", "${inputTopic}"] },
    endpoints: {
      "ttn-bridge": {
        host: "eu1.ttn.example:8883",
        qos: 1,
        tls: { mode: "Enabled" },
        authentication: {
          method: "UsernamePassword",
          usernamePasswordSettings: { secretRef: "ttn-bridge-login" },
        },
      },
    },
  },
  {
    about: "AWS IoT: client certificate, clean session, old name of the client identifier, in, out and both",
    lines: [
      "connection awsiot",
      "address iot.example:8883",
      "topic from_cloud in 1",
      "topic to_cloud out 1",
      "topic both_ways both 1",
      "bridge_cafile /etc/mosquitto/certs/rootCA.pem",
      "bridge_certfile /etc/mosquitto/certs/cert.crt",
      "bridge_keyfile /etc/mosquitto/certs/private.key",
      "cleansession true",
      "clientid bridgeawsiot",
      "start_type automatic",
      "notifications false",
      "log_type all",
    ],
    dataflows: {
      "awsiot-in": ["awsiot", ["from_cloud"], "awsiot-local", "${inputTopic}"],
      "awsiot-out": ["awsiot-local", ["to_cloud"], "awsiot", "${inputTopic}"],
      "awsiot-out-2": ["awsiot-local", ["both_ways"], "awsiot", "${inputTopic}", 1],
      "awsiot-in-2": ["awsiot", ["both_ways"], "awsiot-local", "${inputTopic}", 1],
    },
    endpoints: {
      awsiot: {
        sessionExpirySeconds: 0,
        tls: { mode: "Enabled", trustedCaCertificateConfigMapRef: "awsiot-ca" },
        authentication: { method: "X509Certificate", x509CertificateSettings: { secretRef: "awsiot-client" } },
      },
      "awsiot-local": { sessionExpirySeconds: 0 },
    },
  },
  {
    about: "HiveMQ Cloud: several options of the connection, both directions with QoS 0",
    lines: [
      "connection hivemq",
      "addresses broker.hivemq.example:8883",
      "remote_username user",
      "remote_password s3cret-7",
      "local_clientid ha-mosq",
      "remote_clientid ha-bridge",
      "bridge_protocol_version mqttv311",
      "try_private false",
      "keepalive_interval 30",
      "restart_timeout 5 30",
      "bridge_capath /etc/ssl/certs",
      "bridge_insecure false",
      "topic scribe/# both 0",
    ],
    dataflows: {
      "hivemq-out": ["hivemq-local", ["scribe/#"], "hivemq", "${inputTopic}", 1],
      "hivemq-in": ["hivemq", ["scribe/#"], "hivemq-local", "${inputTopic}", 1],
    },
    endpoints: { hivemq: { keepAliveSeconds: 30, qos: 0, tls: { mode: "Enabled" } } },
  },
  {
    about: "a device of a cloud: two prefixes of its own, and QoS of both kinds",
    lines: [
      "connection edge_to_c8y",
      "address cloud.example:8883",
      "bridge_cafile /etc/ssl/certs",
      'topic s/us out 2 c8y/ ""',
      'topic t/us/+ out 0 c8y/ ""',
      'topic s/ds in 2 c8y/ ""',
    ],
    dataflows: {
      "edge-to-c8y-out": ["edge-to-c8y-local", ["c8y/s/us"], "edge-to-c8y", "s/us"],
      "edge-to-c8y-out-2": ["edge-to-c8y-local-qos0", ["c8y/t/us/+"], "edge-to-c8y-qos0", "t/us/${inputTopic.4}"],
      "edge-to-c8y-in": ["edge-to-c8y", ["s/ds"], "edge-to-c8y-local", "c8y/${inputTopic}"],
    },
    endpoints: { "edge-to-c8y": { qos: 1 }, "edge-to-c8y-qos0": { qos: 0 } },
  },
  {
    about: "one topic of the broker's statistics, as the manual has it",
    lines: [
      "connection test-mosquitto-org",
      "address test.example",
      "cleansession true",
      "topic clients/total in 0 test/mosquitto/org/ $SYS/broker/",
    ],
    dataflows: {
      "test-mosquitto-org-in": [
        "test-mosquitto-org",
        ["$SYS/broker/clients/total"],
        "test-mosquitto-org-local",
        "test/mosquitto/org/clients/total",
      ],
    },
    endpoints: { "test-mosquitto-org": { host: "test.example:1883" } },
  },
  {
    about: "a tree with a leading slash, and a single local prefix",
    lines: [
      "connection WB8IP20",
      "address 192.0.2.20:1883",
      'topic /# both 0 ""',
      'topic /devices/+/cmd in 1 "" plant',
    ],
    dataflows: {
      "wb8ip20-out": ["wb8ip20-local-qos0", ["/#"], "wb8ip20-qos0", "${inputTopic}", 1],
      "wb8ip20-in": ["wb8ip20-qos0", ["/#"], "wb8ip20-local-qos0", "${inputTopic}", 1],
      "wb8ip20-in-2": ["wb8ip20", ["plant/devices/+/cmd"], "wb8ip20-local", "/devices/${inputTopic.3}/cmd", 1],
    },
    endpoints: { wb8ip20: { qos: 1 } },
  },
  {
    about: "IBM's devices: prefixes in the place of the QoS, and no unsubscribe",
    lines: [
      "connection iotf",
      "address org.messaging.example",
      'topic iot-2/cmd/+/fmt/json in "" ""',
      'topic iot-2/evt/+/fmt/json out "" ""',
      "bridge_attempt_unsubscribe false",
    ],
    dataflows: {
      "iotf-in": ["iotf", ["iot-2/cmd/+/fmt/json"], "iotf-local", "${inputTopic}"],
      "iotf-out": ["iotf-local", ["iot-2/evt/+/fmt/json"], "iotf", "${inputTopic}"],
    },
    endpoints: { iotf: { qos: 0 } },
  },
  {
    about: "remapped trees of any depth, a user at the local broker, and the remote single topic",
    lines: [
      "listener 1884 0.0.0.0",
      "connection remap",
      "address [2001:db8::1]:1883",
      "local_username bridge",
      "local_password s3cret-7",
      "local_cleansession true",
      "bridge_outgoing_retain false",
      "topic # out 1 local/ remote/",
      'topic "" in 1 status/here status/there',
    ],
    dataflows: {
      "remap-out": ["remap-local", ["local/+"], "remap", "remote/${inputTopic.2}"],
      "remap-out-2": ["remap-local", ["local/+/+"], "remap", "remote/${inputTopic.2}/${inputTopic.3}"],
      "remap-in": ["remap", ["status/there"], "remap-local", "status/here"],
    },
    endpoints: {
      remap: { host: "[2001:db8::1]:1883", retain: "Never", sessionExpirySeconds: forever },
      "remap-local": {
        host: "localhost:1884",
        sessionExpirySeconds: 0,
        authentication: {
          method: "UsernamePassword",
          usernamePasswordSettings: { secretRef: "remap-local-login" },
        },
      },
    },
  },
  {
    about: "a hub: two connections in both directions, with capitals and comments",
    lines: [
      "# north and south",
      "connection North",
      "address north.example:1883",
      "topic plant/# BOTH 1",
      "",
      "connection South",
      "address south.example:1883",
      "bridge_protocol_version mqttv50",
      "bridge_session_expiry_interval 600",
      "bridge_receive_maximum 50",
      "topic plant/# both 1",
    ],
    dataflows: {
      "north-out": ["north-local", ["plant/#"], "north", "${inputTopic}", 2],
      "north-in": ["north", ["plant/#"], "north-local", "${inputTopic}", 1],
      "south-out": ["south-local", ["plant/#"], "south", "${inputTopic}", 2],
      "south-in": ["south", ["plant/#"], "south-local", "${inputTopic}", 1],
    },
    endpoints: { south: { sessionExpirySeconds: 600, maxInflightMessages: 50 }, north: { qos: 1 } },
  },
];
