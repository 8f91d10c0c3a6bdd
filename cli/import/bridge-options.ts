/** How an option of a mosquitto `connection` is imported. */
export interface BridgeOption {
  /** Its present name first, then the older ones. */
  readonly names: readonly string[];
  readonly kind: "mapped" | "changed" | "notMapped";
  /** What it becomes, or why it becomes nothing and what to do. */
  readonly text: string;
  /** Its value never appears, anywhere. */
  readonly isSecret?: boolean;
}

const twoSessions =
  "each dataflow has a session at either side, named after the dataflow; give the broker's access list the prefix of the endpoint (clientIdPrefix)";
const staysConnected = "the relay stays connected and reconnects after every loss";
const psk = "the relay knows no pre-shared keys in TLS; have the broker take a client certificate or a password";

/** Every option of mosquitto 2.0 and 2.1 that belongs to a bridge. @see mosquitto.conf(5), Configuring Bridges */
export const bridgeOptions: readonly BridgeOption[] = [
  { names: ["connection"], kind: "mapped", text: "the names of endpoints and dataflows begin with it" },
  {
    names: ["address", "addresses"],
    kind: "mapped",
    text: "host of the endpoint, with port 1883 where none is given; only the first of several addresses",
  },
  {
    names: ["topic"],
    kind: "mapped",
    text: "dataflows: filters and topics with their prefixes. `both` becomes two dataflows that drop what has passed a relay (`maxHops: 1`). QoS 2 becomes 1",
  },
  {
    names: ["bridge_cafile"],
    kind: "mapped",
    text: "TLS, and a ConfigMap with the CA certificates; the system's roots where it names the bundle of the system",
  },
  {
    names: ["bridge_capath"],
    kind: "mapped",
    text: "as bridge_cafile, with the certificates of the folder in one file",
  },
  { names: ["bridge_tls_use_os_certs"], kind: "mapped", text: "TLS with the system's roots" },
  { names: ["bridge_certfile"], kind: "mapped", text: "authentication with a client certificate, in a Secret" },
  { names: ["bridge_keyfile"], kind: "mapped", text: "authentication with a client certificate, in a Secret" },
  {
    names: ["remote_username", "username"],
    kind: "mapped",
    text: "authentication with user name and password, in a Secret",
    isSecret: true,
  },
  {
    names: ["remote_password", "password"],
    kind: "mapped",
    text: "authentication with user name and password, in a Secret",
    isSecret: true,
  },
  {
    names: ["local_username"],
    kind: "mapped",
    text: "authentication at the local broker, in a Secret",
    isSecret: true,
  },
  {
    names: ["local_password"],
    kind: "mapped",
    text: "authentication at the local broker, in a Secret",
    isSecret: true,
  },
  { names: ["keepalive_interval"], kind: "mapped", text: "keepAliveSeconds of the endpoint" },
  {
    names: ["cleansession"],
    kind: "mapped",
    text: "sessionExpirySeconds: true is 0, false is the longest that the broker keeps",
  },
  { names: ["local_cleansession"], kind: "mapped", text: "sessionExpirySeconds of the local endpoint" },
  { names: ["bridge_session_expiry_interval"], kind: "mapped", text: "sessionExpirySeconds of the endpoint" },
  { names: ["bridge_receive_maximum"], kind: "mapped", text: "maxInflightMessages of the endpoint, 64999 at most" },
  { names: ["bridge_outgoing_retain"], kind: "mapped", text: "retain of the endpoint: false is Never" },
  {
    names: ["bridge_protocol_version"],
    kind: "changed",
    text: "the relay speaks MQTT 5 alone; the broker has to take it",
  },
  { names: ["bridge_tls_version"], kind: "changed", text: "the relay and the broker agree on TLS 1.2 or 1.3" },
  { names: ["restart_timeout"], kind: "changed", text: "the relay waits 1 s, then longer up to 60 s, at random" },
  { names: ["start_type"], kind: "changed", text: `automatic is the relay's only way: ${staysConnected}` },
  { names: ["idle_timeout"], kind: "notMapped", text: `belongs to start_type lazy; ${staysConnected}` },
  { names: ["threshold"], kind: "notMapped", text: `belongs to start_type lazy; ${staysConnected}` },
  { names: ["remote_clientid", "clientid"], kind: "notMapped", text: twoSessions },
  { names: ["local_clientid"], kind: "notMapped", text: twoSessions },
  {
    names: ["round_robin"],
    kind: "notMapped",
    text: "an endpoint has one host; give a name that leads to all brokers, such as that of a load balancer",
  },
  {
    names: ["notifications"],
    kind: "notMapped",
    text: "nothing is published to $SYS; relay.status publishes the relay's state, as JSON, to a topic of your choice",
  },
  { names: ["notifications_local_only"], kind: "notMapped", text: "see notifications" },
  { names: ["notification_topic"], kind: "notMapped", text: "see notifications; give the topic to relay.status" },
  {
    names: ["try_private"],
    kind: "changed",
    text: "with false, mosquitto may get its own messages back, and what comes in loses its retain flag; the relay keeps the retain flag and drops what comes back, with true and with false",
  },
  {
    names: ["bridge_attempt_unsubscribe"],
    kind: "notMapped",
    text: "the relay unsubscribes only what it has subscribed itself",
  },
  {
    names: ["bridge_bind_address"],
    kind: "notMapped",
    text: "the pod's network decides the address that connections come from",
  },
  {
    names: ["bridge_insecure"],
    kind: "notMapped",
    text: "the relay always compares the host name with the certificate; false is what it does",
  },
  { names: ["bridge_psk"], kind: "notMapped", text: psk, isSecret: true },
  { names: ["bridge_identity"], kind: "notMapped", text: psk },
  { names: ["bridge_alpn"], kind: "notMapped", text: "the relay offers no ALPN; use the broker's own MQTT port" },
  {
    names: ["bridge_ciphers", "bridge_ciphers_tls1.3"],
    kind: "notMapped",
    text: "the relay offers the ciphers of Node.js",
  },
  { names: ["bridge_require_ocsp"], kind: "notMapped", text: "the relay asks for no OCSP answer" },
  {
    names: ["bridge_max_packet_size"],
    kind: "notMapped",
    text: "the relay keeps the limit that the broker names in CONNACK; relay.memoryMebibytes bounds the rest",
  },
  { names: ["bridge_max_topic_alias"], kind: "notMapped", text: "the relay publishes whole topics" },
  {
    names: ["bridge_reload_type"],
    kind: "notMapped",
    text: "a change of the configuration rolls the pods; sessions outlive that",
  },
  {
    names: ["bridge_tcp_keepalive"],
    kind: "notMapped",
    text: "keepAliveSeconds of the endpoint finds a dead connection",
  },
  {
    names: ["bridge_tcp_user_timeout"],
    kind: "notMapped",
    text: "stallTimeoutSeconds of a dataflow finds a connection that stands still",
  },
];

const byName = new Map(bridgeOptions.flatMap((option) => option.names.map((name) => [name, option] as const)));

/** Finds an option of a bridge by one of its names; `undefined` for what belongs to the broker. */
export function findBridgeOption(name: string): BridgeOption | undefined {
  return byName.get(name);
}
