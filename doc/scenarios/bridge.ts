import { tests, type Scenario } from "./scenario.ts";

const integration = (file: string, ...names: string[]) => tests(`integration/${file}.test.ts`, ...names);
const dataflow = (...names: string[]) => tests("runtime/dataflow.test.ts", ...names);

const noQos2 =
  "Nothing of the relay is QoS 2: neither Event Grid nor AIO's broker has it. It subscribes with QoS 1, and its source turns a QoS 2 message into one.";
const cleanDestination =
  "A destination starts clean once a process, whatever is set: what is in flight is kept by the relay, not by that session.";

/** mosquitto's own tests of its bridge, by the names of their files below test/broker. `b` is its broker, `br` the remote one. */
export const bridgeScenarios: readonly Scenario[] = [
  {
    id: "06-bridge-b2br-disconnect-qos1",
    behaviour: "What was in flight when the destination went away is sent again with DUP, and acknowledged then",
    tests: [
      ...dataflow(
        "what was in flight is sent again with DUP, and acknowledged on the source connection that is still the same",
      ),
      ...integration("faults", "a destination that restarts loses nothing"),
    ],
  },
  {
    id: "06-bridge-b2br-disconnect-qos2",
    behaviour: "The same with QoS 2",
    remark: noQos2,
    tests: integration(
      "quality-of-service",
      "from an endpoint with QoS $source to one with QoS $destination, a message published with QoS $published arrives with $arrives",
    ),
  },
  {
    id: "06-bridge-b2br-late-connection",
    behaviour: "A destination that comes up late gets what was published before",
    tests: integration(
      "bridge",
      "a destination that comes up after the relay gets what was published before, in order",
    ),
  },
  {
    id: "06-bridge-b2br-late-connection-retain",
    behaviour: "The same, retained",
    tests: integration("bridge", "a message that was retained before a late destination came up is retained there"),
  },
  {
    id: "06-bridge-b2br-remapping",
    behaviour: "Topics are remapped on their way to the destination",
    tests: integration("topics", "$template makes $output of $topic"),
  },
  {
    id: "06-bridge-br2b-disconnect-qos1",
    behaviour: "What the source sends again after it went away is acknowledged on its new connection only",
    tests: [
      ...dataflow(
        "an acknowledgement that comes late stays off the new connection, where it would be another message's",
      ),
      ...integration("faults", "a source that restarts with messages in flight loses nothing of what it had accepted"),
    ],
  },
  { id: "06-bridge-br2b-disconnect-qos2", behaviour: "The same with QoS 2", remark: noQos2, tests: [] },
  {
    id: "06-bridge-br2b-remapping",
    behaviour: "Topics are remapped on their way from the other broker",
    remark: "A dataflow has one direction; the way back is another dataflow, with a template of its own.",
    tests: integration("topics", "$template makes $output of $topic"),
  },
  {
    id: "06-bridge-clean-session-csF-lcsF",
    behaviour: "Kept sessions on both sides: what comes while the bridge is away waits",
    tests: integration("sessions", "what is published while the relay is away arrives once it is back"),
  },
  {
    id: "06-bridge-clean-session-csF-lcsN",
    behaviour: "Kept session, the other side's not set",
    remark: cleanDestination,
    tests: [
      ...integration("sessions", "what is published while the relay is away arrives once it is back"),
      ...dataflow("starts clean at the destination once, and resumes from then on"),
    ],
  },
  {
    id: "06-bridge-clean-session-csF-lcsT",
    behaviour: "Kept session at one side, a clean one at the other",
    remark: cleanDestination,
    tests: dataflow("starts clean at the destination once, and resumes from then on"),
  },
  {
    id: "06-bridge-clean-session-csT-lcsF",
    behaviour: "Clean session at the source: nothing waits there",
    remark: "As `sessionExpirySeconds: 0`, which MQTT 5 has for it.",
    tests: integration(
      "bridge",
      "with a session expiry of 0 at the source nothing waits there while the relay is away",
    ),
  },
  {
    id: "06-bridge-clean-session-csT-lcsN",
    behaviour: "The same, the other side's not set",
    remark: cleanDestination,
    tests: integration(
      "bridge",
      "with a session expiry of 0 at the source nothing waits there while the relay is away",
    ),
  },
  {
    id: "06-bridge-clean-session-csT-lcsT",
    behaviour: "Clean sessions on both sides",
    remark: cleanDestination,
    tests: integration(
      "bridge",
      "with a session expiry of 0 at the source nothing waits there while the relay is away",
    ),
  },
  {
    id: "06-bridge-clean-session-core",
    behaviour: "What the six above share",
    remark: "No test of its own.",
    tests: [],
  },
  {
    id: "06-bridge-fail-persist-resend-qos1",
    behaviour: "What was not acknowledged when the bridge died is sent again after its start",
    tests: [
      ...integration("faults", "a relay that is killed with messages in flight and started again loses nothing"),
      ...integration(
        "spool",
        "what comes while the destination is away is acknowledged from the disk, outlives a kill, and arrives once and in order",
      ),
    ],
  },
  { id: "06-bridge-fail-persist-resend-qos2", behaviour: "The same with QoS 2", remark: noQos2, tests: [] },
  {
    id: "06-bridge-no-local",
    behaviour: "A bridge does not get its own messages back",
    remark:
      "No Local is by client, and each dataflow is a client of its own: the hop count does it, between unrelated relays too.",
    tests: integration(
      "bridge",
      "two dataflows that lead back to where messages come from end the loop by their hop count",
    ),
  },
  {
    id: "06-bridge-outgoing-retain",
    behaviour: "The retain flag goes with a message, or not, as configured",
    tests: [
      ...integration(
        "messages",
        "with retain Keep a message published while the relay runs is retained at the destination",
        "with retain Never a message published while the relay runs is not retained at the destination",
      ),
      ...integration(
        "bridge",
        "to a destination whose CONNACK says Retain Available 0 messages go without the flag, counted",
      ),
    ],
  },
  {
    id: "06-bridge-per-listener-settings",
    behaviour: "A bridge works where the broker's listeners have settings of their own",
    remark: "The brokers of every integration test run with `per_listener_settings true`.",
    tests: integration("transports", "messages pass from and to a broker over $what"),
  },
  {
    id: "06-bridge-reconnect-local-out",
    behaviour: "After a restart of the source messages flow again",
    tests: integration(
      "bridge",
      "a source that restarts without its sessions is subscribed to again, and what comes then arrives",
    ),
  },
  {
    id: "06-bridge-remote-shutdown",
    behaviour: "A broker that says that it shuts down is connected to again",
    tests: [
      ...tests("runtime/dataflow-reason-codes.test.ts", "DISCONNECT of the %s"),
      ...integration("faults", "a destination that restarts loses nothing"),
    ],
  },
  {
    id: "06-bridge-config-reload",
    behaviour: "A changed configuration takes effect without losing what waits",
    remark: "By a restart: Kubernetes rolls the pod. The session and its messages stay.",
    tests: integration(
      "sessions",
      "what waited under a filter that stays arrives",
      "messages under an added filter arrive",
      "messages under a removed filter don't arrive",
    ),
  },
  {
    id: "06-bridge-remap-receive-wildcard",
    behaviour: "A topic name with wildcards in it does no harm",
    tests: integration(
      "bridge",
      "a topic name with wildcards in it, which no source may send, ends two connections and then costs that message alone",
    ),
  },
  {
    id: "06-bridge-auth-plugin",
    behaviour: "The broker's plugin judges what its bridge does",
    remark: "The relay is an ordinary client: each broker judges it as it judges every client.",
    tests: integration("refusals", "$what is the reason in the log, and /readyz says it with 503"),
  },
  {
    id: "CONNACK: QoS not supported",
    behaviour: "A destination that takes QoS 0 only is found at the connect",
    tests: dataflow("waits with the next attempt at a destination that takes QoS 0 only"),
  },
  {
    id: "CONNACK: retain not supported",
    behaviour: "A destination without retained messages is found at the connect",
    tests: integration(
      "bridge",
      "to a destination whose CONNACK says Retain Available 0 messages go without the flag, counted",
    ),
  },
  {
    id: "bridge notifications",
    behaviour: "The bridge publishes whether it is connected",
    remark: "`relay.status` publishes state and reasons, with a will; health and metrics say the rest.",
    tests: [],
  },
];
